/** The terminal of this process: its size, its keys, and its end. */
import type { ReadStream, WriteStream } from 'node:tty';
import type { Terminal } from './context.ts';

/** Undefined where input or output is a pipe or a file. */
export function terminalOf(input: ReadStream, output: WriteStream): Terminal | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return {
    // A terminal that does not know its size says 0.
    size: () => ({ columns: output.columns || 80, rows: output.rows || 24 }),
    onResize(handler) {
      output.on('resize', handler);
      return { stop: () => output.off('resize', handler) };
    },
    onKey(handler) {
      const take = (bytes: Buffer) => {
        for (const key of keysOf(bytes.toString('utf8'))) handler(key);
      };
      input.setRawMode(true);
      input.on('data', take).resume();
      return {
        stop() {
          input.off('data', take).pause();
          input.setRawMode(false);
        },
      };
    },
    onExit(handler) {
      process.on('exit', handler);
      return { stop: () => process.off('exit', handler) };
    },
  };
}

/** What was typed fast arrives together; an escape sequence is one key. */
export function keysOf(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return text.match(/\u001b(?:\[[0-9;]*[ -/]*[@-~]|O.|.)?|[^\u001b]/gu) ?? [];
}
