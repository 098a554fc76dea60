/** The page's icons: 16 units wide, drawn with the colour of the text around them. */
import type { VNode } from 'preact';
import { html } from './html.ts';

const paths = {
  close: 'M4 4l8 8M12 4l-8 8',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  beside: 'M2.5 3h11v10h-11zM8 3v10',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3L14 14',
  help: 'M6 6a2 2 0 1 1 2.7 1.9c-.5.2-.7.5-.7 1.1v.3M8 11.6v.1',
  back: 'M10 3.5L5.5 8l4.500 4.500',
  forward: 'M6 3.500L10.500 8L6 12.500',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  play: 'M5 3.200v9.600L12.500 8z',
  light:
    'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1.100 1.100M11.900 11.900L13 13M13 3l-1.100 1.100M4.100 11.900L3 13',
  dark: 'M13.500 9.800A6 6 0 0 1 6.200 2.500 6 6 0 1 0 13.500 9.800z',
  auto: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 2v12M8 5h4.900M8 8h5.800M8 11h4.900',
  open: 'M6 4l4 4-4 4',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }): VNode {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${paths[name]} /></svg>`;
}
