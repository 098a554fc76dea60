import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeEntry, encodeFramedEntry } from './operation-codec.ts';
import { countOfFrames, cutFrames, framesOf, type OperationFrames } from './operation-frames.ts';

const operations = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });

function operationsOf(frames: OperationFrames): number[][] {
  return decodeEntry(encodeFramedEntry(0, [frames])).operations.map((bytes) => [...bytes]);
}

it('operations go into an entry as they are, in two parts as in one', () => {
  fc.assert(
    fc.property(operations, fc.nat(25), fc.nat(3000), (given, countMax, bytesMax) => {
      const frames = framesOf(given);
      expect(countOfFrames(frames.bytes)).toBe(given.length);
      const [first, rest] = cutFrames(frames, countMax, bytesMax);
      expect([...operationsOf(first), ...operationsOf(rest)]).toEqual(given.map((one) => [...one]));
      expect(first.count).toBeLessThanOrEqual(countMax);
      if (first.count > 1) expect(first.bytes.length).toBeLessThanOrEqual(bytesMax);
      if (countMax > 0 && given.length > 0) expect(first.count).toBeGreaterThan(0);
    }),
  );
});

it('what ends within an operation is not counted', () => {
  const { bytes } = framesOf([Uint8Array.of(1, 2, 3)]);
  expect(() => countOfFrames(bytes.subarray(0, 3))).toThrow('not readable');
});
