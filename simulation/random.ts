/**
 * The one source of chance in a simulated world: xoshiro128** seeded by a name.
 *
 * `fork(name)` derives a generator from the names on the way to it and not from how much was drawn before, so that
 * a new consumer does not shift what the others draw, and a seed goes on meaning what it meant.
 */
import type { Random } from '../actors/actor.ts';

export class SeededRandom implements Random {
  private readonly path: string;
  private readonly state: Uint32Array;

  constructor(path: string | number) {
    this.path = String(path);
    this.state = seedOf(this.path);
  }

  fork(name: string | number): SeededRandom {
    return new SeededRandom(`${this.path}/${name}`);
  }

  /** In [0, 1), with 32 random bits. */
  next(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index++) bytes[index] = this.uint32() & 0xff;
    return bytes;
  }

  /** Whole, in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Whole, from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const kept = shuffled[last] as Item;
      shuffled[last] = shuffled[other] as Item;
      shuffled[other] = kept;
    }
    return shuffled;
  }

  /** A name in proportion to its weight; undefined when all weights are 0. */
  weighted<Name extends string>(
    weights: Readonly<Partial<Record<Name, number>>>,
  ): Name | undefined {
    const entries = Object.entries(weights) as [Name, number][];
    const sum = entries.reduce((total, [, weight]) => total + weight, 0);
    let left = this.next() * sum;
    for (const [name, weight] of entries) {
      if (weight <= 0) continue;
      left -= weight;
      if (left < 0) return name;
    }
    return undefined;
  }

  private uint32(): number {
    const s = this.state;
    const [s0, s1, s2, s3] = s as unknown as [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    const x2 = s2 ^ s0;
    const x3 = s3 ^ s1;
    s[1] = s1 ^ x2;
    s[0] = s0 ^ x3;
    s[2] = x2 ^ shifted;
    s[3] = rotateLeft(x3, 11);
    return result;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** FNV-1a over the name gives a start, splitmix32 spreads it over the four words. */
function seedOf(path: string): Uint32Array {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) + 0x6a09e667;
  }
  let counter = (low ^ rotateLeft(high, 16)) >>> 0;
  const state = new Uint32Array(4);
  for (let index = 0; index < 4; index++) {
    counter = (counter + 0x9e3779b9 + (index === 1 ? high : 0)) | 0;
    let mixed = counter ^ (counter >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    state[index] = mixed ^ (mixed >>> 15);
  }
  if (state.every((word) => word === 0)) state[0] = 1;
  return state;
}
