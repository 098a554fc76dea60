/** Light, dark, or as the system has it; remembered by this browser. */
import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const themes: readonly Theme[] = ['auto', 'light', 'dark'];
const storageKey = 'mesozoo-theme';

export const theme = signal<Theme>(
  themes.find((name) => name === localStorage.getItem(storageKey)) ?? 'auto',
);

export function applyTheme(): void {
  document.documentElement.style.colorScheme = theme.value === 'auto' ? 'light dark' : theme.value;
}

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length]!;
  localStorage.setItem(storageKey, theme.value);
  applyTheme();
}
