/** Plain lines for people; colours only where somebody looks at a terminal and has not asked for none. */
import { styleText } from 'node:util';

export interface Terminal {
  readonly coloured: boolean;
  line(text?: string): void;
  /** Something has succeeded. */
  done(what: string, detail?: string): void;
  /** Something takes a while. */
  busy(what: string): void;
  problem(text: string): void;
  dim(text: string): string;
  bold(text: string): string;
}

const WHAT_WIDTH = 9;

export function createTerminal(write: (text: string) => void, coloured: boolean): Terminal {
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    coloured ? styleText(format, text, { validateStream: false }) : text;
  const line = (text = '') => write(`${text}\n`);
  return {
    coloured,
    line,
    done: (what, detail = '') =>
      line(
        `  ${style('green', '✓')} ${style('bold', what.padEnd(WHAT_WIDTH))} ${detail}`.trimEnd(),
      ),
    busy: (what) => line(`  ${style('cyan', '…')} ${what}`),
    problem: (text) => line(`  ${style('red', '✗')} ${text.replaceAll('\n', '\n    ')}`),
    dim: (text) => style('dim', text),
    bold: (text) => style('bold', text),
  };
}

export function wantsColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env.NO_COLOR ?? '') === '';
}
