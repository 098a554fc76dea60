/**
 * What happened in a run, as a hash (same seed, same hash) and, where somebody listens, as lines to read.
 * Lines are only made when they are wanted; the hash takes the raw parts.
 */
import { Hash64 } from './hash.ts';

export class Trace {
  private readonly whole = new Hash64();
  private readonly print: ((line: string) => void) | undefined;
  private readonly nowMs: () => number;
  /** Events that went into the hash. */
  count = 0;

  constructor(nowMs: () => number, print?: (line: string) => void) {
    this.nowMs = nowMs;
    this.print = print;
  }

  get isRead(): boolean {
    return this.print !== undefined;
  }

  /** `detail` is for readers and enters the hash; `bytes` only the hash; `more` only the readers' line. */
  record(who: string, what: string, detail = '', bytes?: Uint8Array, more?: () => string): void {
    this.count++;
    this.whole
      .text(who)
      .text(what)
      .text(detail)
      .number(this.nowMs() * 1000);
    if (bytes !== undefined) this.whole.bytes(bytes);
    this.print?.(
      `${this.nowMs().toFixed(3).padStart(11)} ${who.padEnd(10)} ${what} ${detail}${more === undefined ? '' : ` ${more()}`}`,
    );
  }

  hash(): string {
    return this.whole.digest();
  }
}
