/** How times and states are put into words and tones. */

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** `0 s`, `42 s`, `3 m 07 s`, `2 h 05 m`, `4 d 3 h`: never wider than eight characters. */
export function duration(ms: number): string {
  if (ms < minuteMs) return `${Math.max(0, Math.floor(ms / secondMs))} s`;
  if (ms < hourMs)
    return `${Math.floor(ms / minuteMs)} m ${twoDigits((ms % minuteMs) / secondMs)} s`;
  if (ms < dayMs) return `${Math.floor(ms / hourMs)} h ${twoDigits((ms % hourMs) / minuteMs)} m`;
  return `${Math.floor(ms / dayMs)} d ${Math.floor((ms % dayMs) / hourMs)} h`;
}

/** `14:03:09.120`, in the time zone of the reader. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits);
  return `${parts.join(':')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

const twoDigits = (value: number) => String(Math.floor(value)).padStart(2, '0');

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

/** By the innermost state that has a tone, in the words of `machines/`; other states are on their way: `busy`. */
const tones: Readonly<Record<string, Tone>> = {
  leading: 'good',
  serving: 'good',
  following: 'good',
  observing: 'good',
  contending: 'good',
  registered: 'good',
  running: 'good',
  subscribed: 'good',
  active: 'good',
  finished: 'quiet',
  ended: 'quiet',
  forgotten: 'quiet',
  stopped: 'quiet',
  queued: 'quiet',
  blocked: 'quiet',
  suppressed: 'quiet',
  silenced: 'warn',
  deposed: 'warn',
  disconnected: 'warn',
  unreachable: 'warn',
  retrying: 'warn',
  killing: 'warn',
  terminating: 'warn',
  cancelling: 'warn',
  leaving: 'warn',
  catchingUp: 'warn',
  failed: 'bad',
  killed: 'bad',
  error: 'bad',
  lost: 'bad',
  tornDown: 'quiet',
};

export function toneOf(stateText: string, status: string): Tone {
  if (status === 'error') return 'bad';
  if (status === 'stopped') return 'quiet';
  for (const key of stateText.split(/[.| ]+/).reverse()) {
    const tone = tones[key];
    if (tone !== undefined) return tone === 'good' && status !== 'active' ? 'quiet' : tone;
  }
  return status === 'active' ? 'busy' : 'quiet';
}

export const pluralOf = (kind: string) => (/(ch|s|x)$/.test(kind) ? `${kind}es` : `${kind}s`);

export const capitalized = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Members of the quorum are only numbered. */
export function shownName(kind: string, id: string): string {
  return /^\d+$/.test(id) ? `${kind} ${id}` : id;
}

/** `leading.serving` and `a.x | b.y` by their innermost names. */
export function innermost(stateText: string): string {
  return stateText
    .split(' | ')
    .map((path) => path.slice(path.lastIndexOf('.') + 1))
    .join(' | ');
}

export const isLeading = (stateText: string) => /(^|[.| ])leading($|[.| ])/.test(stateText);
