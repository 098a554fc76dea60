/**
 * A fast, non-cryptographic hash in two 32-bit halves, and sums of such hashes.
 *
 * The digest of the state is the sum of the hashes of its parts: independent of their order, and kept up by
 * subtracting a part's old hash and adding its new one. It finds divergence, it does not defend against forgery.
 */

/** Usage: `begin`, then `number`, `text` and `bytes` in a fixed order, then `end`; the result is in `high` and `low`. */
class Hasher {
  high = 0;
  low = 0;

  begin(seed: number): void {
    this.high = seed ^ 0x3c6ef372;
    this.low = Math.imul(seed, 0x9e3779b1) ^ 0x27d4eb2f;
  }

  /** One 32-bit word. */
  word(word: number): void {
    const low = Math.imul(this.low ^ word, 0x85ebca6b);
    this.low = (low << 13) | (low >>> 19);
    const high = Math.imul(this.high + word, 0xc2b2ae35);
    this.high = (high ^ (high >>> 15) ^ this.low) | 0;
  }

  /** A whole number within ±2^53. */
  number(value: number): void {
    this.word(value | 0);
    this.word(Math.floor(value / 0x1_0000_0000) | 0);
  }

  text(text: string): void {
    this.word(text.length);
    for (let index = 0; index < text.length; index++) this.word(text.charCodeAt(index));
  }

  /** Text whose characters are all below 256. */
  latin1(text: string): void {
    const { length } = text;
    this.word(length);
    const whole = length & ~3;
    for (let index = 0; index < whole; index += 4)
      this.word(
        text.charCodeAt(index) |
          (text.charCodeAt(index + 1) << 8) |
          (text.charCodeAt(index + 2) << 16) |
          (text.charCodeAt(index + 3) << 24),
      );
    for (let index = whole; index < length; index++) this.word(text.charCodeAt(index) | 0x100);
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.word(length);
    const whole = length & ~3;
    for (let index = 0; index < whole; index += 4)
      this.word(
        bytes[index]! |
          (bytes[index + 1]! << 8) |
          (bytes[index + 2]! << 16) |
          (bytes[index + 3]! << 24),
      );
    for (let index = whole; index < length; index++) this.word(bytes[index]! | 0x100);
  }

  /** As `bytes`, of `length` bytes from `start` on, where a word begins; `words` is the same memory. */
  words(words: Int32Array, bytes: Uint8Array, start: number, length: number): void {
    this.word(length);
    const first = start >>> 2;
    const whole = length >>> 2;
    for (let index = first; index < first + whole; index++) this.word(words[index]!);
    for (let index = start + 4 * whole; index < start + length; index++)
      this.word(bytes[index]! | 0x100);
  }

  /** Spreads every input bit over both halves (MurmurHash3's finalizer). */
  end(): void {
    const mixed = this.low;
    this.low = finalize(this.low ^ Math.imul(this.high, 0x165667b1));
    this.high = finalize(this.high + Math.imul(mixed, 0x27d4eb2f));
  }
}

function finalize(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) | 0;
}

/** The one hasher of this thread: `apply` is synchronous, and each use begins anew. */
export const hasher = new Hasher();

/** A sum of hashes, each half modulo 2^32. */
export class HashSum {
  high = 0;
  low = 0;

  add(high: number, low: number): void {
    this.high = (this.high + high) | 0;
    this.low = (this.low + low) | 0;
  }

  subtract(high: number, low: number): void {
    this.high = (this.high - high) | 0;
    this.low = (this.low - low) | 0;
  }

  clear(): void {
    this.high = 0;
    this.low = 0;
  }
}

export function hexOf(high: number, low: number): string {
  return hex8(high) + hex8(low);
}

function hex8(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
