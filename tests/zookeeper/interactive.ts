/** A program that is typed to, with what it writes on both of its outputs, in one order as on a terminal. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

const PATIENCE_MS = 60_000;

export class Interactive {
  readonly #process: ChildProcessWithoutNullStreams;
  /** Written, and not yet handed out. */
  #written = '';
  #wake: () => void = () => undefined;

  constructor(program: string, args: readonly string[]) {
    // One pipe for both: what is written to one after the other arrives so.
    this.#process = spawn('/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', program, ...args]);
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#written += text;
      this.#wake();
    });
    // Told by what is waited for in vain.
    this.#process.stdin.on('error', () => undefined);
    this.#process.on('exit', () => this.#wake());
  }

  type(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** What is written up to and without this text, which is passed over. */
  async until(text: string): Promise<string> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const at = this.#written.indexOf(text);
      if (at >= 0) {
        const before = this.#written.slice(0, at);
        this.#written = this.#written.slice(at + text.length);
        return before;
      }
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || this.#hasEnded)
        throw new Error(`"${text}" was not written, but:\n${this.#written}`);
      await this.#news(leftMs);
    }
  }

  /** Resolves when it has ended by itself, with its exit code. */
  async ended(): Promise<number | null> {
    if (!this.#hasEnded) await once(this.#process, 'exit');
    return this.#process.exitCode;
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  #news(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
