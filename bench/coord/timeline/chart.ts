/** The throughput of the rivals over time as an SVG: one panel each, over the same seconds and on a scale of its own. */
import { faults, TIMELINE_SECONDS } from './faults.ts';
import { STEP_MS } from './throughput.ts';

export interface Line {
  readonly name: string;
  /** Operations in each step. */
  readonly steps: readonly number[];
}

const WIDTH = 960;
const LEFT = 80;
const RIGHT = 20;
const PANEL = 190;
const GAP = 72;
const TOP = 84;
const PER_SECOND = 1000 / STEP_MS;
const STYLE =
  'text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600}.axis{stroke:#999}.grid{stroke:#ddd}' +
  '.fault{fill:#d33;opacity:.14}.faultname{fill:#a22;font-size:11px}.rate{fill:none;stroke:#246;stroke-width:1.5}';

export function chart(lines: readonly Line[], title: string): string {
  const height = TOP + lines.length * (PANEL + GAP);
  const panels = lines.map((line, index) => panel(line, TOP + index * (PANEL + GAP)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title><style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" class="title">${escaped(title)}</text>`,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function panel({ name, steps }: Line, top: number): string {
  const perSecond = steps.map((count) => count * PER_SECOND);
  const most = roundedUp(Math.max(...perSecond, 1));
  const y = (rate: number) => top + PANEL - (rate / most) * PANEL;
  const points = perSecond.map(
    (rate, step) => `${x((step * STEP_MS) / 1000).toFixed(1)},${y(rate).toFixed(1)}`,
  );
  const shades = faults.map(({ name: fault, atSeconds, lastsSeconds }) => {
    const width = x(atSeconds + lastsSeconds) - x(atSeconds);
    return (
      `<rect class="fault" x="${x(atSeconds)}" y="${top}" width="${width}" height="${PANEL}"/>` +
      `<text class="faultname" x="${x(atSeconds)}" y="${top - 6}">${escaped(fault)}</text>`
    );
  });
  const grid = [0, 0.5, 1].map(
    (share) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share * most)}" y2="${y(share * most)}"/>` +
      `<text x="${LEFT - 8}" y="${y(share * most) + 4}" text-anchor="end">${(share * most).toLocaleString('en')}</text>`,
  );
  const seconds = Array.from({ length: TIMELINE_SECONDS / 10 + 1 }, (_, index) => index * 10).map(
    (second) =>
      `<text x="${x(second)}" y="${top + PANEL + 17}" text-anchor="middle">${second} s</text>`,
  );
  return [
    ...shades,
    ...grid,
    `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${top + PANEL}" y2="${top + PANEL}"/>`,
    `<polyline class="rate" points="${points.join(' ')}"/>`,
    ...seconds,
    `<text x="${LEFT}" y="${top - 20}" class="title">${escaped(name)}, sets a second</text>`,
  ].join('\n');
}

function x(second: number): number {
  return LEFT + (second / TIMELINE_SECONDS) * (WIDTH - LEFT - RIGHT);
}

/** To 1, 2 or 5 times a power of ten. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (([1, 2, 5, 10] as const).find((step) => step * power >= value) ?? 10) * power;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
