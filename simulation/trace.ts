/**
 * What happened in a run, as a hash (same seed, same hash) and, where somebody listens, as lines to read.
 * Lines are only made when they are wanted; the hash takes the raw parts.
 */
export class Trace {
  private low = 0x811c9dc5;
  private high = 0x9e3779b9;
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
    this.text(who);
    this.text(what);
    this.text(detail);
    this.number(this.nowMs() * 1000);
    if (bytes !== undefined) this.bytes(bytes);
    this.print?.(
      `${this.nowMs().toFixed(3).padStart(11)} ${who.padEnd(10)} ${what} ${detail}${more === undefined ? '' : ` ${more()}`}`,
    );
  }

  hash(): string {
    return (
      (this.high >>> 0).toString(16).padStart(8, '0') +
      (this.low >>> 0).toString(16).padStart(8, '0')
    );
  }

  private number(value: number): void {
    this.mix(value | 0);
    this.mix(Math.floor(value / 0x1_0000_0000));
  }

  private text(text: string): void {
    for (let index = 0; index < text.length; index++) this.mix(text.charCodeAt(index));
  }

  private bytes(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) this.mix(bytes[index]!);
  }

  private mix(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x01000193);
    this.high = (Math.imul(this.high ^ value, 0x85ebca6b) + (this.low >>> 15)) | 0;
  }
}
