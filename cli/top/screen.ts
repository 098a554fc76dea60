/** Draws frames on the alternate screen of a terminal: only lines that have changed, and in one piece. */
import type { Output, Terminal } from '../context.ts';

const enter = '\u001b[?1049h\u001b[?25l\u001b[2J';
const leave = '\u001b[?25h\u001b[?1049l';
/** Terminals that know it show what stands between them at once; others ignore it. */
const beginUpdate = '\u001b[?2026h';
const endUpdate = '\u001b[?2026l';

export class Screen {
  private readonly output: Output;
  private readonly exit: { stop(): void };
  private shown: readonly string[] = [];
  private open = true;

  /** The terminal is as it was after `close`, and also when the process ends without it. */
  constructor(output: Output, terminal: Terminal) {
    this.output = output;
    this.exit = terminal.onExit(() => this.close());
    output.write(enter);
  }

  /** The lines must fit the screen. */
  draw(lines: readonly string[]): void {
    if (!this.open) return;
    const changed = Array.from({ length: Math.max(lines.length, this.shown.length) }, (_, row) =>
      lines[row] === this.shown[row]
        ? ''
        : // Cleared first: after a line as wide as the screen the cursor still stands on its last character.
          `\u001b[${row + 1};1H\u001b[2K${lines[row] ?? ''}`,
    ).join('');
    if (changed !== '') this.output.write(`${beginUpdate}${changed}${endUpdate}`);
    this.shown = lines;
  }

  /** After a change of size the terminal may have moved or cut what was there. */
  clear(): void {
    if (this.open) this.output.write('\u001b[2J');
    this.shown = [];
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.exit.stop();
    this.output.write(leave);
  }
}
