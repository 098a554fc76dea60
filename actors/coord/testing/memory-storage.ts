/** Storage in memory: what was written waits until `settle`, and a crash leaves as much of it as the test says. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Saved, Storage, StorageFailure } from '../../actor.ts';

interface Write {
  /** Carries it out; with `bytes`, only so many of an append. */
  readonly apply: (bytes?: number) => void;
  readonly size: number;
  readonly saved: Saved;
}

export class MemoryStorage implements Storage {
  readonly files = new Map<string, Uint8Array>();
  failNext: StorageFailure | undefined;
  private waiting: Write[] = [];

  list() {
    return [...this.files].map(([name, content]) => ({ name, bytes: content.length }));
  }

  read(name: string, offset = 0, length?: number): Uint8Array {
    const content = this.content(name);
    return content.slice(offset, length === undefined ? undefined : offset + length);
  }

  append(name: string, pieces: readonly Uint8Array[], saved: Saved): void {
    this.put(name, undefined, pieces, saved);
  }

  write(name: string, at: number, pieces: readonly Uint8Array[], saved: Saved): void {
    this.put(name, at, pieces, saved);
  }

  replace(name: string, content: Uint8Array, saved: Saved): void {
    this.wait(1, saved, (count) => {
      if (count !== 0) this.files.set(name, new Uint8Array(content));
    });
  }

  truncate(name: string, bytes: number): void {
    this.files.set(name, this.content(name).slice(0, bytes));
  }

  remove(name: string, saved: Saved): void {
    this.wait(1, saved, () => this.files.delete(name));
  }

  rename(from: string, to: string, saved: Saved): void {
    this.wait(1, saved, (count) => {
      const content = this.files.get(from);
      if (count === 0 || content === undefined) return;
      this.files.delete(from);
      this.files.set(to, content);
    });
  }

  /** Everything that waits, and what it leads to, is on disk. */
  settle(): void {
    while (this.waiting.length > 0) this.settleOne();
  }

  settleOne(): void {
    const next = this.waiting.shift();
    if (next === undefined) return;
    const failure = this.failNext;
    this.failNext = undefined;
    if (failure === undefined) next.apply();
    next.saved(failure);
  }

  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Bytes that a crash may or may not leave. */
  get waitingBytes(): number {
    return this.waiting.reduce((sum, { size }) => sum + size, 0);
  }

  /** A crash after so many of the bytes that wait were written. */
  crash(bytes = 0): void {
    let left = bytes;
    for (const write of this.waiting) {
      if (left < write.size) {
        if (left > 0) write.apply(left);
        break;
      }
      write.apply();
      left -= write.size;
    }
    this.waiting = [];
  }

  /** Flips one bit. */
  spoil(name: string, offset: number): void {
    const content = this.content(name);
    content[offset] = content[offset]! ^ 0x10;
  }

  /** The same files, nothing waiting. */
  copy(): MemoryStorage {
    const copy = new MemoryStorage();
    for (const [name, content] of this.files) copy.files.set(name, content.slice());
    return copy;
  }

  private put(
    name: string,
    at: number | undefined,
    pieces: readonly Uint8Array[],
    saved: Saved,
  ): void {
    const bytes = Buffer.concat(pieces);
    this.wait(bytes.length, saved, (count = bytes.length) => {
      const before = this.files.get(name) ?? new Uint8Array(0);
      const from = at ?? before.length;
      const parts = [
        before.subarray(0, from),
        bytes.subarray(0, count),
        before.subarray(from + count),
      ];
      this.files.set(name, new Uint8Array(Buffer.concat(parts)));
    });
  }

  private wait(size: number, saved: Saved, apply: (bytes?: number) => void): void {
    this.waiting.push({ apply, size, saved });
  }

  private content(name: string): Uint8Array {
    const content = this.files.get(name);
    if (content === undefined) throw new MesozooError('DISK_FAILED', `no file ${name}`);
    return content;
  }
}
