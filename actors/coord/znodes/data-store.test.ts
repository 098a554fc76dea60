import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_DATA, NULL_DATA } from './data.ts';
import { DataStore } from './data-store.ts';
import { hasher } from './hash.ts';

describe('a store of data', () => {
  test('gives back what was put in, whatever comes and goes between', () => {
    const length = fc.constantFrom(0, 1, 15, 16, 17, 128, 1023, 1024, 1025, 70_000);
    const step = fc.record({ length, fill: fc.nat(255), gone: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const store = new DataStore();
        const kept: { reference: number; data: Uint8Array }[] = [];
        for (const { length: bytes, fill, gone } of steps) {
          const data = new Uint8Array(bytes).fill(fill);
          kept.push({ reference: store.put(data), data: data.slice() });
          data.fill(fill ^ 0xff);
          if (gone % 3 === 0) {
            const [left] = kept.splice(gone % kept.length, 1);
            store.give(left!.reference, left!.data.length);
          }
          for (const { reference, data: before } of kept)
            expect(store.get(reference, before.length)).toEqual(before);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('gives copies', () => {
    const store = new DataStore();
    for (const length of [10, 5000]) {
      const reference = store.put(new Uint8Array(length).fill(1));
      store.get(reference, length).fill(2);
      expect(store.get(reference, length)).toEqual(new Uint8Array(length).fill(1));
    }
  });

  test('tells null from no bytes', () => {
    const store = new DataStore();
    expect(store.get(store.put(NULL_DATA), 0)).toBe(NULL_DATA);
    expect(store.get(store.put(new Uint8Array(0)), 0)).toBe(NO_DATA);
  });

  test('hashes them as bytes, wherever they lie', () => {
    const store = new DataStore();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1100 }), (data) => {
        store.hash(store.put(data), data.length);
        const { high, low } = hasher;
        hasher.begin(3);
        hasher.bytes(data);
        expect([high, low]).toEqual([hasher.high, hasher.low]);
      }),
    );
  });

  test('takes the room again of what was given back', () => {
    const store = new DataStore();
    const references = Array.from({ length: 1000 }, () => store.put(new Uint8Array(100)));
    for (const reference of references) store.give(reference, 100);
    const again = Array.from({ length: 1000 }, () => store.put(new Uint8Array(105)));
    expect(new Set(again)).toEqual(new Set(references));
  });
});
