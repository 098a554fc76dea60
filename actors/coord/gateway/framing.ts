/** Cuts what a connection receives into frames: a length of four bytes, then so many bytes. */
export class Framing {
  private pieces: Buffer[] = [];
  private length = 0;
  /** Bytes that must be there before it is worth looking again. */
  private wanted = 4;
  private bytes: Buffer = Buffer.alloc(0);
  private position = 0;

  push(bytes: Uint8Array): void {
    this.pieces.push(bytes as Buffer);
    this.length += bytes.length;
  }

  /** The next four bytes as they are; undefined when they are not there yet. */
  peek(): Buffer | undefined {
    if (!this.gather(4)) return undefined;
    return this.bytes.subarray(this.position, this.position + 4);
  }

  /** A view of the next frame; undefined when it is not whole yet; 'bad' when its length is none. */
  next(maxBytes: number): Buffer | 'bad' | undefined {
    if (!this.gather(Math.max(4, this.wanted))) return undefined;
    const size = this.bytes.readInt32BE(this.position);
    if (size < 0 || size > maxBytes) return 'bad';
    this.wanted = 4 + size;
    if (!this.gather(this.wanted)) return undefined;
    const start = this.position + 4;
    this.position = start + size;
    this.wanted = 4;
    return this.bytes.subarray(start, this.position);
  }

  /** Joined only once enough has come, so that a large frame in many pieces is copied once. */
  private gather(count: number): boolean {
    const here = this.bytes.length - this.position;
    if (here >= count) return true;
    if (here + this.length < count) return false;
    const rest = this.bytes.subarray(this.position);
    const [first] = this.pieces;
    this.bytes =
      rest.length === 0 && this.pieces.length === 1
        ? (first as Buffer)
        : Buffer.concat([rest, ...this.pieces]);
    this.position = 0;
    this.pieces = [];
    this.length = 0;
    return true;
  }
}
