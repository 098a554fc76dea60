/** Reads DER, as certificates and key stores are written: one value after another, nested. */

export interface DerValue {
  /** With its class and whether it is constructed: 0x30 is a sequence, 0xa0 what is tagged [0]. */
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly encoded: Buffer;
}

export const tags = {
  octets: 0x04,
  objectId: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Throws RangeError for what is no DER. */
export function derValues(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = derValue(bytes.subarray(at));
    values.push(value);
    at += value.encoded.length;
  }
  return values;
}

export function derValue(bytes: Buffer): DerValue {
  const tag = bytes.readUInt8(0);
  let length = bytes.readUInt8(1);
  let at = 2;
  if (length > 0x80) {
    const size = length - 0x80;
    length = bytes.readUIntBE(at, size);
    at += size;
  }
  if (length === 0x80 || at + length > bytes.length) throw new RangeError('a value is cut short');
  return { tag, content: bytes.subarray(at, at + length), encoded: bytes.subarray(0, at + length) };
}

/** The values of a sequence or set: `[0, 5]` is the sixth of the first. */
export function derAt(value: DerValue, ...path: readonly number[]): DerValue {
  return path.reduce((found, index) => {
    const inner = derValues(found.content)[index];
    if (inner === undefined) throw new RangeError(`a value is missing at ${path.join('.')}`);
    return inner;
  }, value);
}

/** `2.5.4.3` */
export function objectIdOf({ content }: DerValue): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...others] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...others].join('.');
}

export function derNumber({ content }: DerValue): number {
  return content.readUIntBE(0, content.length);
}
