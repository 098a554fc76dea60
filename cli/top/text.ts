/** Lines of a screen: as wide as there is room, bars, and columns that give way. */
import { styleText } from 'node:util';
import { foreignText } from '../foreign-text.ts';

export type Colour = Parameters<typeof styleText>[0];
export type Paint = (colour: Colour, text: string) => string;

export function painter(coloured: boolean): Paint {
  return (colour, text) =>
    coloured && text !== '' ? styleText(colour, text, { validateStream: false }) : text;
}

/** The first `width` characters that are seen; colours that are open there are closed. */
export function cut(line: string, width: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences
  const pieces = line.match(/\u001b\[[0-9;]*m|[\s\S]/gu) ?? [];
  let seen = 0;
  let kept = '';
  for (const piece of pieces) {
    if (!piece.startsWith('\u001b')) seen += 1;
    if (seen > width) return kept.includes('\u001b') ? `${kept}\u001b[0m` : kept;
    kept += piece;
  }
  return kept;
}

/** Exactly `width` characters; what is too long ends in "…". Without colours: the text may come from elsewhere. */
export function cell(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = foreignText(text);
  const characters = [...shown];
  if (characters.length > width)
    return width <= 0 ? '' : `${characters.slice(0, width - 1).join('')}…`;
  return align === 'left' ? shown.padEnd(width) : shown.padStart(width);
}

/** `left` and `right` at the ends of a line; `right` gives way. */
export function ends(left: string, right: string, width: number): string {
  const space = width - left.length - right.length;
  return space < 1 ? left : `${left}${' '.repeat(space)}${right}`;
}

/** █ is used, ▒ allocated but not used, · free. What is used above what is allocated shows as used. */
export function bar(
  { used, allocated, total }: { used: number; allocated: number; total: number },
  width: number,
  paint: Paint,
): string {
  const cells = (amount: number) => {
    if (total <= 0 || amount <= 0) return 0;
    // The least is seen too, and only what is full looks full.
    const exact = (amount / total) * width;
    if (amount >= total) return width;
    return Math.min(width - 1, Math.max(1, Math.round(exact)));
  };
  const usedCells = cells(used);
  const allocatedCells = Math.max(0, cells(allocated) - usedCells);
  const freeCells = width - usedCells - allocatedCells;
  return (
    paint('green', '█'.repeat(usedCells)) +
    paint('yellow', '▒'.repeat(allocatedCells)) +
    paint('dim', '·'.repeat(freeCells))
  );
}

/** Rows for each section: nobody gets more than it wants, and what one leaves is shared by the others. */
export function shareRows(wanted: readonly number[], rows: number): number[] {
  const given = wanted.map(() => 0);
  let left = Math.max(0, rows);
  while (left > 0) {
    const open = wanted.flatMap((want, index) => (given[index]! < want ? [index] : []));
    if (open.length === 0) break;
    for (const index of open) {
      if (left === 0) break;
      given[index]! += 1;
      left -= 1;
    }
  }
  return given;
}
