/**
 * A znode's data as the tree keeps them: short ones as strings of bytes, long ones as bytes, and one value of its own
 * for data that were written as null.
 *
 * An array buffer costs V8 some 300 bytes and a malloc beside its content; a string costs 16 and moves with the
 * collector. With a million small nodes that is most of the memory and of the pauses.
 */
import { compact } from './bytes.ts';
import { hasher } from './hash.ts';

export type KeptData = string | Uint8Array;

export const NO_DATA: KeptData = '';
/** Known by its identity; its length is that of no bytes, which is all that most of the code asks for. */
export const NULL_DATA: KeptData = new Uint8Array(0);

const STRING_BYTES_MAX = 1024;

/** A copy, unless nearly all of the buffer that the bytes lie in is theirs. */
export function keepData(bytes: Uint8Array | null): KeptData {
  if (bytes === null) return NULL_DATA;
  const { length } = bytes;
  if (length === 0) return NO_DATA;
  if (length > STRING_BYTES_MAX) return compact(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1');
}

/** Of null: no bytes. */
export function dataBytes(data: KeptData): Uint8Array {
  if (typeof data !== 'string') return data;
  const { buffer, byteOffset, length } = Buffer.from(data, 'latin1');
  return new Uint8Array(buffer, byteOffset, length);
}

export function hashData(data: KeptData): void {
  hasher.begin(3);
  if (data === NULL_DATA) hasher.word(-1);
  else if (typeof data === 'string') hasher.latin1(data);
  else hasher.bytes(data);
}
