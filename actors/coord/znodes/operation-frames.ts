/**
 * Operations on their way into an entry: one behind the other, each with its length before it, as they will stand there.
 * The leader puts together what holders have sent without a look at the single ones.
 */
import { ByteReader, ByteWriter } from './bytes.ts';

export interface OperationFrames {
  readonly count: number;
  readonly bytes: Uint8Array;
}

const writer = new ByteWriter(64 * 1024);

export function framesOf(operations: readonly Uint8Array[]): OperationFrames {
  writer.clear();
  for (let at = 0; at < operations.length; at++) writer.block(operations[at]!);
  return { count: operations.length, bytes: writer.copy() };
}

/** Throws MesozooError BAD_REQUEST where they are not whole. */
export function countOfFrames(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  let count = 0;
  for (; reader.left > 0; count++) reader.skip(reader.varuint());
  return count;
}

/** The first ones, at most so many, of at most so many bytes unless it is a single one; and the others. Views. */
export function cutFrames(
  { count, bytes }: OperationFrames,
  countMax: number,
  bytesMax: number,
): readonly [OperationFrames, OperationFrames] {
  if (count <= countMax && bytes.length <= bytesMax)
    return [
      { count, bytes },
      { count: 0, bytes: bytes.subarray(bytes.length) },
    ];
  const reader = new ByteReader(bytes);
  let taken = 0;
  let end = 0;
  while (taken < Math.min(count, countMax)) {
    reader.skip(reader.varuint());
    if (reader.position > bytesMax && taken > 0) break;
    taken += 1;
    end = reader.position;
  }
  return [
    { count: taken, bytes: bytes.subarray(0, end) },
    { count: count - taken, bytes: bytes.subarray(end) },
  ];
}
