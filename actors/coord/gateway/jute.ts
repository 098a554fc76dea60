/**
 * ZooKeeper's encoding ("jute"): big-endian integers, strings and buffers with a length before them (-1: null),
 * vectors with a count before them, records as their fields in order.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { AclEntry, Stat } from '../../../protocol/operations.ts';

const FIRST_BYTES = 4096;
/** Instead of the length of a string, a buffer or a vector that is not there. */
const NULL_LENGTH = -1;
const TWO_32 = 0x1_0000_0000;
export const NO_BYTES = Buffer.alloc(0);

/** Reads one frame. Throws MesozooError MARSHALLING_ERROR for what ends too early or has an impossible length. */
export class JuteReader {
  private readonly bytes: Buffer;
  position: number;
  readonly end: number;

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get left(): number {
    return this.end - this.position;
  }

  int(): number {
    return this.bytes.readInt32BE(this.advance(4));
  }

  bool(): boolean {
    return this.bytes[this.advance(1)] !== 0;
  }

  /** Whole numbers within ±2^53; larger ones lose their last bits, which no bound here can tell. */
  long(): number {
    const at = this.advance(8);
    return this.bytes.readInt32BE(at) * TWO_32 + this.bytes.readUInt32BE(at + 4);
  }

  /** A long as 16 hex digits. */
  hex(): string {
    const at = this.advance(8);
    return this.bytes.toString('hex', at, at + 8);
  }

  /** Null is ''. */
  string(): string {
    return this.stringOrNull() ?? '';
  }

  stringOrNull(): string | null {
    const length = this.int();
    if (length === NULL_LENGTH) return null;
    if (length < 0) throw unreadable();
    const at = this.advance(length);
    return this.bytes.toString('utf8', at, at + length);
  }

  /** A string that has to be there, as paths have to in most requests. */
  text(): string {
    this.refuseNull();
    return this.string();
  }

  /** A view. */
  buffer(): Buffer | null {
    const length = this.int();
    if (length === NULL_LENGTH) return null;
    if (length < 0) throw unreadable();
    const at = this.advance(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Each item takes at least four bytes, so a count that lies is found before anything is allocated for it. */
  vector<Item>(read: () => Item): Item[] {
    const count = this.int();
    if (count > this.left / 4) throw unreadable();
    const items: Item[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }

  /** A vector that has to be there. */
  strings(): string[] {
    this.refuseNull();
    return this.vector(() => this.string());
  }

  acl(): AclEntry[] {
    return this.vector(() => {
      const permissions = this.int();
      const scheme = this.string();
      // Nobody looks at the id of "auth", or of an entry that is refused for its scheme; ZooKeeper stumbles over others.
      const id = scheme === 'auth' || scheme === '' ? this.string() : this.text();
      return { permissions, scheme, id };
    });
  }

  private refuseNull(): void {
    if (this.int() === NULL_LENGTH) throw unreadable();
    this.position -= 4;
  }

  private advance(count: number): number {
    const at = this.position;
    if (count > this.end - at) throw unreadable();
    this.position = at + count;
    return at;
  }
}

function unreadable(): MesozooError {
  return new MesozooError('MARSHALLING_ERROR', 'the request ends too early, or a length is none');
}

/** Gathers frames for one connection; `take` gives them away. */
export class JuteWriter {
  private bytes: Buffer = NO_BYTES;
  length = 0;
  private frameStart = 0;

  /** What was written since the last `take`. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = NO_BYTES;
    this.length = 0;
    return taken;
  }

  begin(): void {
    this.frameStart = this.length;
    this.int(0);
  }

  end(): void {
    this.bytes.writeInt32BE(this.length - this.frameStart - 4, this.frameStart);
  }

  /** Forgets the frame that was begun. */
  drop(): void {
    this.length = this.frameStart;
  }

  /** Begins a frame with a reply's header. */
  reply(xid: number, zxid: number, error: number): void {
    this.frameStart = this.length;
    const at = this.room(20);
    this.bytes.writeInt32BE(xid, at + 4);
    this.bytes.writeInt32BE(Math.floor(zxid / TWO_32), at + 8);
    this.bytes.writeInt32BE(zxid | 0, at + 12);
    this.bytes.writeInt32BE(error, at + 16);
  }

  int(value: number): void {
    const at = this.room(4);
    this.bytes.writeInt32BE(value, at);
  }

  bool(value: boolean): void {
    const at = this.room(1);
    this.bytes[at] = value ? 1 : 0;
  }

  long(value: number): void {
    const at = this.room(8);
    this.bytes.writeInt32BE(Math.floor(value / TWO_32), at);
    this.bytes.writeInt32BE(value | 0, at + 4);
  }

  /** 16 hex digits as a long; '' is 0. */
  hex(digits: string): void {
    if (digits === '') this.long(0);
    else {
      const at = this.room(8);
      this.bytes.write(digits, at, 'hex');
    }
  }

  string(text: string): void {
    // At most three bytes for each UTF-16 unit.
    const at = this.room(4 + text.length * 3);
    const size = this.bytes.write(text, at + 4);
    this.bytes.writeInt32BE(size, at);
    this.length = at + 4 + size;
  }

  buffer(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.int(NULL_LENGTH);
      return;
    }
    const at = this.room(4 + bytes.length);
    this.bytes.writeInt32BE(bytes.length, at);
    this.bytes.set(bytes, at + 4);
  }

  vector<Item>(items: readonly Item[], write: (item: Item) => void): void {
    this.int(items.length);
    for (const item of items) write(item);
  }

  strings(texts: readonly string[]): void {
    this.int(texts.length);
    for (const text of texts) this.string(text);
  }

  acl(entries: readonly AclEntry[]): void {
    this.vector(entries, ({ permissions, scheme, id }) => {
      this.int(permissions);
      this.string(scheme);
      this.string(id);
    });
  }

  stat(stat: Stat): void {
    this.long(stat.czxid);
    this.long(stat.mzxid);
    this.long(stat.ctimeMs);
    this.long(stat.mtimeMs);
    this.int(stat.version);
    this.int(stat.cversion);
    this.int(stat.aversion);
    this.hex(stat.ephemeralOwner);
    this.int(stat.dataLength);
    this.int(stat.numChildren);
    this.long(stat.pzxid);
  }

  private room(count: number): number {
    const at = this.length;
    this.length = at + count;
    if (this.length > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_BYTES, 2 * this.bytes.length, this.length));
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
    }
    return at;
  }
}
