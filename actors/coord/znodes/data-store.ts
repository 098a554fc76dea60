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

const UNIT_BYTES = 16;
const REGION_UNITS = 4096;
const LONG_BYTES = 1024;
/** References of data of no bytes, and of null. */
const NOTHING = 0;
const NULL = 1;

export class DataStore {
  private readonly regions: Buffer[] = [];
  /** In the last region. The first two of all are no data's. */
  private unitsTaken = REGION_UNITS;
  /** By their size in units. */
  private readonly free: number[][] = [];
  private readonly long = new Map<number, Uint8Array>();
  private lastLong = 0;

  /** A copy: what is given stays the caller's. */
  put(data: Uint8Array): number {
    const { length } = data;
    if (length === 0) return data === NULL_DATA ? NULL : NOTHING;
    if (length > LONG_BYTES) return this.putLong(data);
    const reference = this.take((length + UNIT_BYTES - 1) >>> 4);
    this.regionOf(reference).set(data, startOf(reference));
    return reference;
  }

  /** A copy. */
  get(reference: number, length: number): Uint8Array {
    if (reference === NULL) return NULL_DATA;
    if (reference === NOTHING) return NO_DATA;
    if (reference < 0) return this.longOf(reference).slice();
    // Of the pool that small buffers share: an array buffer for each would cost more than its content.
    const copy = Buffer.allocUnsafe(length);
    const start = startOf(reference);
    this.regionOf(reference).copy(copy, 0, start, start + length);
    return new Uint8Array(copy.buffer, copy.byteOffset, length);
  }

  give(reference: number, length: number): void {
    if (reference === NOTHING || reference === NULL) return;
    if (reference < 0) {
      this.long.delete(reference);
      return;
    }
    const units = (length + UNIT_BYTES - 1) >>> 4;
    const free = this.free[units];
    if (free === undefined) this.free[units] = [reference];
    else free.push(reference);
  }

  private take(units: number): number {
    const again = this.free[units]?.pop();
    if (again !== undefined) return again;
    if (this.unitsTaken + units > REGION_UNITS) {
      this.regions.push(Buffer.from(new ArrayBuffer(REGION_UNITS * UNIT_BYTES)));
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

  private regionOf(reference: number): Buffer {
    return this.regions[Math.floor(reference / REGION_UNITS)]!;
  }
}

function startOf(reference: number): number {
  return (reference % REGION_UNITS) * UNIT_BYTES;
}
