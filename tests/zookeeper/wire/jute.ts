/**
 * Jute, ZooKeeper's own serialization: big-endian, fields in order, no tags; strings and buffers are a length and
 * bytes (-1 = null), vectors a count and items (-1 = null). Written apart from the gateway's codec on purpose: a
 * mistake that both ends share would be seen by no test.
 */
export class JuteWriter {
  readonly #pieces: Buffer[] = [];

  bool(value: boolean): this {
    return this.raw(Buffer.from([value ? 1 : 0]));
  }

  int(value: number): this {
    const piece = Buffer.alloc(4);
    piece.writeInt32BE(value);
    return this.raw(piece);
  }

  long(value: bigint): this {
    const piece = Buffer.alloc(8);
    piece.writeBigInt64BE(BigInt.asIntN(64, value));
    return this.raw(piece);
  }

  buffer(value: Buffer | null): this {
    return value === null ? this.int(-1) : this.int(value.length).raw(value);
  }

  string(value: string | null): this {
    return this.buffer(value === null ? null : Buffer.from(value, 'utf8'));
  }

  vector<Item>(items: readonly Item[] | null, write: (item: Item) => void): this {
    this.int(items === null ? -1 : items.length);
    for (const item of items ?? []) write(item);
    return this;
  }

  strings(items: readonly string[]): this {
    return this.vector(items, (item) => this.string(item));
  }

  raw(bytes: Buffer): this {
    this.#pieces.push(bytes);
    return this;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

/** Throws RangeError when a record is longer than its frame. */
export class JuteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bytes that nobody has read: 0 after a record that was understood. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  bool(): boolean {
    return this.#take(1)[0] !== 0;
  }

  int(): number {
    return this.#take(4).readInt32BE();
  }

  long(): bigint {
    return this.#take(8).readBigInt64BE();
  }

  buffer(): Buffer | null {
    const length = this.int();
    return length < 0 ? null : this.#take(length);
  }

  string(): string | null {
    return this.buffer()?.toString('utf8') ?? null;
  }

  vector<Item>(read: () => Item): Item[] | null {
    const count = this.int();
    return count < 0 ? null : Array.from({ length: count }, read);
  }

  #take(length: number): Buffer {
    if (length > this.left) throw new RangeError(`${length} bytes wanted, ${this.left} left`);
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}

/** A frame as it travels: its length, then the payload. */
export function frame(payload: Buffer): Buffer {
  return new JuteWriter().buffer(payload).bytes();
}
