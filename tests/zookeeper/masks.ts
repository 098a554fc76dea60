/**
 * What differs from run to run gets a name by its first appearance, so that relations stay to be compared: the czxid
 * of a stat equal to the zxid of the reply that created it is "zxid 1" in both places.
 */
import type { Stat } from './wire/records.ts';

/** Of containers and of TTL znodes: no session, but a constant that is to be seen. */
const CONTAINER_OWNER = -(2n ** 63n);
const TTL_OWNER_BYTE = 0xffn;

const LONGEST_TEXT = 100;

export class Masks {
  readonly #zxids = new Map<bigint, string>();
  readonly #sessions = new Map<bigint, string>();

  /** The zxid of a change, wherever it is told. 0 and below are no zxids but constants. */
  zxid(value: bigint): string {
    return value <= 0n ? String(value) : named(this.#zxids, value, 'zxid');
  }

  session(value: bigint): string {
    if (value === CONTAINER_OWNER || BigInt.asUintN(64, value) >> 56n === TTL_OWNER_BYTE)
      return `0x${BigInt.asUintN(64, value).toString(16)}`;
    return value === 0n ? '0' : named(this.#sessions, value, 'session');
  }

  /** Times are not compared, except that they are times and that a fresh znode has one, not two. */
  stat(stat: Stat): Record<string, unknown> {
    return {
      ...stat,
      czxid: this.zxid(stat.czxid),
      mzxid: this.zxid(stat.mzxid),
      pzxid: this.zxid(stat.pzxid),
      ctime: stat.ctime > 0n ? 'time' : String(stat.ctime),
      mtime: stat.mzxid === stat.czxid && stat.mtime !== stat.ctime ? 'not ctime' : 'time',
      ephemeralOwner: this.session(stat.ephemeralOwner),
    };
  }

  /** A reply's body or a request's fields, in one line. */
  text(value: unknown): string {
    return JSON.stringify(withoutAddresses(value), (key, each) => {
      if (key === 'stat') return this.stat(each as Stat);
      if (typeof each === 'bigint') return String(each);
      if (typeof each === 'string' && each.length > LONGEST_TEXT)
        return `${each.slice(0, 10)}… (${each.length} characters)`;
      return each;
    });
  }
}

/** The members in a reply: their numbers and roles are compared, not where and in which order they are, nor the text's length. */
function withoutAddresses(value: unknown): unknown {
  const { data, stat } = (value ?? {}) as { data?: unknown; stat?: Stat };
  if (typeof data !== 'string' || stat === undefined || !/^server\.\d+=/.test(data)) return value;
  const masked = data
    .replace(/=.*:(participant|observer);.*$/gm, '=$1')
    .replace(/^version=.*$/m, 'version')
    .split('\n')
    .sort()
    .join('\n');
  // It counts over all rows.
  const version = stat.version > 0 ? 1 : stat.version;
  return { ...(value as object), data: masked, stat: { ...stat, version, dataLength: -1 } };
}

function named(names: Map<bigint, string>, value: bigint, kind: string): string {
  const known = names.get(value);
  if (known !== undefined) return known;
  const name = `${kind} ${names.size + 1}`;
  names.set(value, name);
  return name;
}
