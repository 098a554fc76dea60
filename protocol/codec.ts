/**
 * Payloads are JSON or MessagePack, told apart by the first byte: a MessagePack map begins with
 * 0x80–0x8f, 0xde or 0xdf, which no JSON text does. Answers come in the form of the question.
 * `useRecords: false` keeps the MessagePack plain, so that every other language reads it.
 */
import { Packr } from 'msgpackr';
import { MesozooError } from './errors.ts';

export type Form = 'json' | 'msgpack';

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' });
const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true });

/** The bytes are a copy of their own and may be kept. */
export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Throws what msgpackr throws: for bytes of our own making. Byte strings in the result are views of `bytes`. */
export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

export function encode(value: unknown, form: Form): Uint8Array {
  return form === 'json' ? textEncoder.encode(JSON.stringify(value)) : packr.pack(value);
}

export interface Decoded {
  readonly form: Form;
  readonly value: Record<string, unknown>;
}

/** Reads a request of a client. Throws BAD_REQUEST for anything but one JSON or MessagePack object; empty means `{}`. */
export function decode(bytes: Uint8Array): Decoded {
  const first = bytes[0];
  if (first === undefined) return { form: 'json', value: {} };
  const form: Form =
    (first >= 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf ? 'msgpack' : 'json';
  let value: unknown;
  try {
    value = form === 'msgpack' ? packr.unpack(bytes) : JSON.parse(textDecoder.decode(bytes));
  } catch (cause) {
    throw new MesozooError(
      'BAD_REQUEST',
      `the payload is neither JSON nor MessagePack: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    value instanceof Uint8Array
  ) {
    throw new MesozooError(
      'BAD_REQUEST',
      'the payload must be an object, for example {"path":"/"}',
    );
  }
  return { form, value: value as Record<string, unknown> };
}

/** A byte order mark is part of the data, and stays. */
const dataDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes as text; undefined where they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return dataDecoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** How bytes stand in JSON, here and in the public API: as text where they are UTF-8, else in base 64. */
export function dataForJson(bytes: Uint8Array): { data: string } | { dataBase64: string } {
  const data = textOf(bytes);
  return data === undefined ? { dataBase64: Buffer.from(bytes).toString('base64') } : { data };
}

/**
 * How many of the bytes can go as text when more follow: the beginning of a character whose rest is missing stays for
 * the next piece. Of bytes that are no UTF-8 up to three may stay too, but never all.
 */
export function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue; // goes on with an earlier one
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    const isBroken = length > back && bytes.length > back;
    return isBroken ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
