/** Addresses of IPv4 and IPv6, and ranges of them as ACLs name them: an address, or address/bits. */

interface Range {
  readonly bytes: readonly number[];
  /** So many at the beginning must be equal. */
  readonly bits: number;
}

/** Requests of one client come from the same address again and again; nothing depends on what is in it. */
const REMEMBERED_MAX = 1024;
const remembered = new Map<string, Range | null>();

/** Undefined for what is no address or range. */
export function rangeOf(text: string): Range | undefined {
  const known = remembered.get(text);
  if (known !== undefined) return known ?? undefined;
  const range = readRange(text);
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(text, range ?? null);
  return range;
}

/** False as well for what is no address. */
export function isWithin(address: string, range: string): boolean {
  const own = rangeOf(address);
  const wanted = rangeOf(range);
  if (own === undefined || wanted === undefined) return false;
  if (own.bytes.length !== wanted.bytes.length || own.bits !== own.bytes.length * 8) return false;
  return own.bytes.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, wanted.bits - index * 8));
    return (byte ^ wanted.bytes[index]!) >> (8 - bits) === 0;
  });
}

function readRange(text: string): Range | undefined {
  const [address = '', bitsText, ...rest] = text.split('/');
  const bytes = readIpv4(address) ?? readIpv6(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  if (bitsText === undefined) return { bytes, bits: bytes.length * 8 };
  const bits = Number(bitsText);
  return /^\d{1,3}$/.test(bitsText) && bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

function readIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** An address of IPv4 that is written as one of IPv6 (`::ffff:10.0.0.1`) is the one of IPv4. */
function readIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(readGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 16 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  const bytes = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])];
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff;
  return isMapped && bytes[11] === 0xff ? bytes.slice(12) : bytes;
}

/** Groups of four digits between colons; the last may be an address of IPv4. */
function readGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const last = index === groups.length - 1 ? readIpv4(group) : undefined;
    if (last !== undefined) bytes.push(...last);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes;
}
