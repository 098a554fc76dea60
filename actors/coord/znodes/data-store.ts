/**
 * The data of all znodes, outside of V8's heap: its collector would go through a million strings or buffers again and
 * again, and keep the member from its clients meanwhile.
 *
 * Blocks of 16 bytes and multiples of it are cut from regions, and a block that was given back is taken again by data
 * that need one of the same size. Long data have a buffer each. A reference is meaningful with the length that it was
 * made for.
 */
import { assert } from '../../../protocol/errors.ts';
import { NO_DATA, NULL_DATA } from './data.ts';
import { hasher } from './hash.ts';

const UNIT_BYTES = 16;
const REGION_UNITS = 4096;
const LONG_BYTES = 1024;
/** Small copies share a buffer of so many: one for each would cost more than its content. */
const POOL_BYTES = 32 * 1024;
/** References of data of no bytes, and of null. */
const NOTHING = 0;
const NULL = 1;

/** The same memory as bytes and as words: whole words are copied and hashed several times faster. */
class Region {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.words = new Int32Array(this.bytes.buffer);
  }
}

export class DataStore {
  private readonly regions: Region[] = [];
  /** In the last region. The first two of all are no data's. */
  private unitsTaken = REGION_UNITS;
  /** By their size in units. */
  private readonly free: number[][] = [];
  private readonly long = new Map<number, Uint8Array>();
  private lastLong = 0;
  private pool = new Region(0);
  private poolTaken = 0;

  /** A copy: what is given stays the caller's. */
  put(data: Uint8Array): number {
    const { length } = data;
    if (length === 0) return data === NULL_DATA ? NULL : NOTHING;
    if (length > LONG_BYTES) return this.putLong(data);
    const reference = this.take(unitsOf(length));
    this.regionOf(reference).bytes.set(data, startOf(reference));
    return reference;
  }

  /** A copy. */
  get(reference: number, length: number): Uint8Array {
    if (reference === NULL) return NULL_DATA;
    if (reference === NOTHING) return NO_DATA;
    if (reference < 0) return this.longOf(reference).slice();
    const size = unitsOf(length) * UNIT_BYTES;
    if (this.poolTaken + size > this.pool.bytes.length) {
      this.pool = new Region(POOL_BYTES);
      this.poolTaken = 0;
    }
    const start = this.poolTaken;
    this.poolTaken += size;
    const from = this.regionOf(reference).words;
    const to = this.pool.words;
    const firstFrom = startOf(reference) >>> 2;
    const firstTo = start >>> 2;
    for (let word = 0; word < size >>> 2; word++) to[firstTo + word] = from[firstFrom + word]!;
    return new Uint8Array(this.pool.bytes.buffer, start, length);
  }

  /** The result is the hasher's. */
  hash(reference: number, length: number): void {
    hasher.begin(3);
    if (reference === NULL) hasher.word(-1);
    else if (reference === NOTHING) hasher.bytes(NO_DATA);
    else if (reference < 0) hasher.bytes(this.longOf(reference));
    else {
      const { words, bytes } = this.regionOf(reference);
      hasher.words(words, bytes, startOf(reference), length);
    }
  }

  give(reference: number, length: number): void {
    if (reference === NOTHING || reference === NULL) return;
    if (reference < 0) {
      this.long.delete(reference);
      return;
    }
    const units = unitsOf(length);
    const free = this.free[units];
    if (free === undefined) this.free[units] = [reference];
    else free.push(reference);
  }

  private take(units: number): number {
    const again = this.free[units]?.pop();
    if (again !== undefined) return again;
    if (this.unitsTaken + units > REGION_UNITS) {
      this.regions.push(new Region(REGION_UNITS * UNIT_BYTES));
      this.unitsTaken = this.regions.length === 1 ? 2 : 0;
    }
    const reference = (this.regions.length - 1) * REGION_UNITS + this.unitsTaken;
    this.unitsTaken += units;
    return reference;
  }

  private putLong(data: Uint8Array): number {
    this.lastLong -= 1;
    this.long.set(this.lastLong, new Uint8Array(data));
    return this.lastLong;
  }

  private longOf(reference: number): Uint8Array {
    const bytes = this.long.get(reference);
    assert(bytes !== undefined, 'data are read that were given back');
    return bytes;
  }

  private regionOf(reference: number): Region {
    return this.regions[Math.floor(reference / REGION_UNITS)]!;
  }
}

function unitsOf(length: number): number {
  return (length + UNIT_BYTES - 1) >>> 4;
}

function startOf(reference: number): number {
  return (reference % REGION_UNITS) * UNIT_BYTES;
}
