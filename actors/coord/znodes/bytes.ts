/**
 * Bytes out and in, for the codecs of this folder: variable-length integers, strings and blocks.
 *
 * Written by hand because every operation passes here: nothing is allocated but the strings and views themselves.
 */
import { assert, MesozooError } from '../../../protocol/errors.ts';

const TWO_TO_31 = 0x8000_0000;

const POOL_BYTES = 64 * 1024;
const SHARED_COPY_BYTES_MAX = 4096;
let pool: Buffer<ArrayBuffer> = Buffer.from(new ArrayBuffer(POOL_BYTES));
let poolTaken = 0;

/** Grows as needed; reused from one encoding to the next, so results are copied out. */
export class ByteWriter {
  length = 0;
  private bytes: Uint8Array<ArrayBuffer>;
  private buffer: Buffer;
  /** Those of `lastHex8`; none: undefined. */
  private lastDigits: string | undefined;
  private readonly lastHex8 = Buffer.alloc(8);

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
    this.buffer = Buffer.from(this.bytes.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  u8(value: number): void {
    this.room(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.room(4);
    this.length = this.buffer.writeUInt32LE(value, this.length);
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, the lowest first. */
  varuint(value: number): void {
    this.room(8);
    const { bytes } = this;
    let rest = value;
    while (rest >= TWO_TO_31) {
      bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  /** A whole number of either sign, below 2^52: small ones are short. */
  varint(value: number): void {
    this.varuint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  string(text: string): void {
    if (text.length < 0x80 && this.shortAscii(text)) return;
    const size = Buffer.byteLength(text);
    this.varuint(size);
    this.room(size);
    this.length += this.buffer.write(text, this.length, 'utf8');
  }

  /** Length, then the bytes. */
  block(bytes: Uint8Array): void {
    this.varuint(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Text whose characters are all below 256, one byte each. */
  latin1(text: string): void {
    this.varuint(text.length);
    this.room(text.length);
    this.length += this.buffer.write(text, this.length, 'latin1');
  }

  /** 16 hexadecimal digits as 8 bytes. The last ones come again: requests of one client arrive together. */
  hex8(digits: string): void {
    if (digits !== this.lastDigits) {
      this.lastDigits = undefined;
      const isWhole = digits.length === 16 && this.lastHex8.write(digits, 'hex') === 8;
      assert(isWhole, `no 16 hex digits: ${digits}`);
      this.lastDigits = digits;
    }
    this.raw(this.lastHex8);
  }

  /** Small ones share memory: a buffer for each would cost more than its content. */
  copy(start = 0, end = this.length): Uint8Array {
    const size = end - start;
    if (size > SHARED_COPY_BYTES_MAX) return this.bytes.slice(start, end);
    if (poolTaken + size > pool.length) {
      pool = Buffer.from(new ArrayBuffer(POOL_BYTES));
      poolTaken = 0;
    }
    const at = poolTaken;
    poolTaken += size;
    this.buffer.copy(pool, at, start, end);
    return new Uint8Array(pool.buffer, at, size);
  }

  toLatin1(): string {
    return this.buffer.toString('latin1', 0, this.length);
  }

  /** As a block at the end of another. */
  appendTo(target: ByteWriter): void {
    target.block(this.bytes.subarray(0, this.length));
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
  }

  /** False, with nothing written, when a character needs more than one byte. */
  private shortAscii(text: string): boolean {
    this.room(text.length + 1);
    const { bytes, length } = this;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return false;
      bytes[length + 1 + index] = code;
    }
    bytes[length] = text.length;
    this.length = length + 1 + text.length;
    return true;
  }

  private room(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.buffer = Buffer.from(larger.buffer);
  }
}

/** Texts that exist, and need not be made again of their bytes. */
export interface KnownTexts {
  /** The text whose UTF-8 these bytes are; undefined: it is not known. */
  textOf(bytes: Uint8Array, start: number, length: number): string | undefined;
}

/** Eight bytes and their hexadecimal digits, of those that were read lately: there are far more operations than sessions. */
class Hex8Texts {
  private readonly high = new Int32Array(HEX8_KEPT);
  private readonly low = new Int32Array(HEX8_KEPT);
  private readonly texts: string[] = new Array(HEX8_KEPT).fill('0'.repeat(16));

  get(bytes: Uint8Array, at: number): string {
    const high = wordAt(bytes, at);
    const low = wordAt(bytes, at + 4);
    const place = Math.imul(high ^ low, 0x9e3779b1) >>> HEX8_SHIFT;
    if (this.high[place] === high && this.low[place] === low) return this.texts[place]!;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, 8).toString('hex');
    this.high[place] = high;
    this.low[place] = low;
    this.texts[place] = text;
    return text;
  }
}

const HEX8_KEPT = 1024;
const HEX8_SHIFT = 32 - Math.log2(HEX8_KEPT);
const hex8Texts = new Hex8Texts();

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Reads within bounds: every method throws MesozooError BAD_REQUEST instead of reading past `end`. */
export class ByteReader {
  position: number;
  end: number;
  private readonly bytes: Uint8Array;
  private readonly buffer: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
    this.end = bytes.length;
  }

  get left(): number {
    return this.end - this.position;
  }

  u8(): number {
    if (this.position >= this.end) throw unreadable('it ends too early');
    return this.bytes[this.position++]!;
  }

  u32(): number {
    const at = this.advance(4);
    return this.buffer.readUInt32LE(at);
  }

  varuint(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let unit = 128;
    do {
      byte = this.u8();
      value += (byte & 0x7f) * unit;
      unit *= 128;
      if (value > Number.MAX_SAFE_INTEGER) throw unreadable('a number is too large');
    } while (byte >= 0x80);
    // One encoding a number.
    if (byte === 0) throw unreadable('a number has needless bytes');
    return value;
  }

  varint(): number {
    const value = this.varuint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  string(): string {
    const size = this.varuint();
    const at = this.advance(size);
    return size === 0 ? '' : this.buffer.toString('utf8', at, at + size);
  }

  latin1(): string {
    const size = this.varuint();
    const at = this.advance(size);
    return this.buffer.toString('latin1', at, at + size);
  }

  /** A view, not a copy. */
  block(): Uint8Array {
    return this.raw(this.varuint());
  }

  /** A view, not a copy. */
  raw(size: number): Uint8Array {
    const at = this.advance(size);
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + at, size);
  }

  hex8(): string {
    const at = this.advance(8);
    return hex8Texts.get(this.bytes, at);
  }

  /** A string, which `known` may have already. */
  knownString(known: KnownTexts): string {
    const size = this.varuint();
    const at = this.advance(size);
    return known.textOf(this.bytes, at, size) ?? this.buffer.toString('utf8', at, at + size);
  }

  /** Passes over these bytes if they come next. */
  skipEqual(bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length > this.left) return false;
    const at = this.position;
    for (let index = 0; index < length; index++)
      if (this.bytes[at + index] !== bytes[index]) return false;
    this.position += length;
    return true;
  }

  /** A view of what was read from `start` on. */
  since(start: number): Uint8Array {
    return this.bytes.subarray(start, this.position);
  }

  skip(size: number): void {
    this.advance(size);
  }

  /** Reading must end exactly at the end. */
  finish(): void {
    if (this.position !== this.end) throw unreadable('it has bytes too many');
  }

  private advance(size: number): number {
    const at = this.position;
    if (size > this.end - at) throw unreadable('it ends too early');
    this.position = at + size;
    return at;
  }
}

export function unreadable(why: string): MesozooError {
  return new MesozooError('BAD_REQUEST', `the bytes are not readable: ${why}`);
}
