/**
 * The form of a record on disk: a mark, the payload's length and CRC-32, then the payload. The mark lets a reader
 * find the next whole record behind a damaged one, and so tell a torn tail (nothing whole behind it) from damage.
 */
import { crc32 } from 'node:zlib';
import { assert } from '../../../protocol/errors.ts';

/** "mzA1" */
const MARK = 0x6d7a4131;
const HEADER_BYTES = 12;
/** A launch order is far smaller: what claims to be larger is damage. */
const PAYLOAD_BYTES_MAX = 1024 * 1024;

/** Of one byte or more: no record is empty. */
export function frame(payload: Uint8Array): Uint8Array {
  assert(payload.length > 0, 'a record has bytes');
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MARK);
  view.setUint32(4, payload.length);
  view.setUint32(8, crc32(payload));
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

export interface Frames {
  readonly payloads: readonly Uint8Array[];
  /** Up to here everything is whole, or damaged with something whole behind it; the rest is a torn tail. */
  readonly end: number;
  /** Bytes before `end` that no record could be read from. */
  readonly damagedBytes: number;
}

export function readFrames(bytes: Uint8Array): Frames {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payloads: Uint8Array[] = [];
  let end = 0;
  let damagedBytes = 0;
  for (let offset = 0; offset < bytes.length; ) {
    const payload = payloadAt(bytes, view, offset);
    if (payload === undefined) {
      offset++;
      continue;
    }
    payloads.push(payload);
    damagedBytes += offset - end;
    offset += HEADER_BYTES + payload.length;
    end = offset;
  }
  return { payloads, end, damagedBytes };
}

function payloadAt(bytes: Uint8Array, view: DataView, offset: number): Uint8Array | undefined {
  if (offset + HEADER_BYTES > bytes.length || view.getUint32(offset) !== MARK) return undefined;
  const length = view.getUint32(offset + 4);
  const start = offset + HEADER_BYTES;
  // A crash may leave zeros behind a mark: a length and a checksum of 0 are those of a payload without bytes.
  if (length === 0 || length > PAYLOAD_BYTES_MAX || start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return crc32(payload) === view.getUint32(offset + 8) ? payload : undefined;
}
