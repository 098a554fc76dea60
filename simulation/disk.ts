/**
 * A simulated disk with the crash semantics that the Storage port promises, at their worst: what was not synced may
 * be lost, in part, or torn. A process that dies leaves what it had written in the page cache, where its next run
 * reads it although it is not on disk yet; a machine that dies loses that too. Synced data stay as they are, unless
 * `rot` is asked for.
 */
import type { Saved, Storage, StorageFailure } from '../actors/actor.ts';
import { assert, MesozooError } from '../protocol/errors.ts';
import type { Life } from './life.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';

interface File {
  content: Uint8Array;
  length: number;
  /** Up to here it is on disk for good. */
  synced: number;
  /** What stood on the disk where something was written that is not synced yet. */
  replaced: { readonly at: number; readonly bytes: Uint8Array }[];
  /** Written when a sync failed: in the page cache, where no later sync looks for it. A crash of the machine ends it. */
  cacheOnly?: { readonly from: number; readonly to: number } | undefined;
}

type Operation = { readonly saved: (failure?: StorageFailure) => void } & (
  | {
      readonly kind: 'write';
      readonly name: string;
      /** Undefined: at the end. */
      readonly at: number | undefined;
      readonly pieces: readonly Uint8Array[];
    }
  | { readonly kind: 'replace'; readonly name: string; readonly content: Uint8Array }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
);

export interface DiskSettings {
  /** Of one sync, [low, high) in microseconds. */
  readonly syncUs: readonly [number, number];
  readonly spikeChance: number;
  readonly spikeUs: readonly [number, number];
}

export const GOOD_DISK: DiskSettings = { syncUs: [200, 2000], spikeChance: 0, spikeUs: [0, 0] };

/** Appends that share one sync. */
const GROUP_MAX = 256;

export class SimulatedDisk {
  settings: DiskSettings = GOOD_DISK;
  /** The next sync fails with this, and so does all that follows until the process is started again. */
  failNext: StorageFailure['code'] | undefined;
  private broken: StorageFailure | undefined;
  private readonly files = new Map<string, File>();
  private queue: Operation[] = [];
  private busy = 0;
  private readonly scheduler: Scheduler;
  private readonly random: SeededRandom;
  syncs = 0;

  constructor(scheduler: Scheduler, random: SeededRandom) {
    this.scheduler = scheduler;
    this.random = random;
  }

  /** The port of one run of the process that owns the disk. */
  attach(life: Life): Storage {
    this.broken = undefined;
    const issue = (operation: Operation) => {
      for (const name of namesOf(operation)) checkName(name);
      if (!life.mayCall()) return;
      this.queue.push(operation);
      this.pump();
    };
    const through =
      (saved: Saved): Saved =>
      (failure) =>
        life.input(() => saved(failure));
    return {
      list: () =>
        [...this.files].map(([name, file]) => ({ name, bytes: file.length })).sort(byName),
      read: (name, offset, length) => this.read(name, offset, length),
      append: (name, pieces, saved) =>
        issue({
          kind: 'write',
          name,
          at: undefined,
          pieces: copied(pieces),
          saved: through(saved),
        }),
      write: (name, at, pieces, saved) =>
        issue({ kind: 'write', name, at, pieces: copied(pieces), saved: through(saved) }),
      replace: (name, content, saved) =>
        issue({
          kind: 'replace',
          name,
          content: new Uint8Array(content),
          saved: through(saved),
        }),
      truncate: (name, bytes, doubtfulFrom) => {
        if (life.mayCall()) this.truncate(name, bytes, doubtfulFrom);
      },
      remove: (name, saved) => issue({ kind: 'remove', name, saved: through(saved) }),
      rename: (from, to, saved) => issue({ kind: 'rename', from, to, saved: through(saved) }),
    };
  }

  // ── Faults ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Part of what waited was written, and nothing of it synced; with `machine`, the page cache is lost as well. */
  crash(what: 'process' | 'machine'): void {
    // A process stops with the first failure that it is told: what it had asked for behind it is not carried out.
    const waiting = this.broken === undefined ? this.queue : [];
    this.queue = [];
    this.busy++;
    const whole = this.random.below(waiting.length + 1);
    let writing: string | undefined;
    waiting.slice(0, whole + 1).forEach((operation, index) => {
      // In order: what follows writes to a file begins after their sync.
      const file = operation.kind === 'write' ? operation.name : undefined;
      if (writing !== undefined && writing !== file) this.sync(writing);
      writing = file;
      if (index < whole) this.write(operation);
      else if (operation.kind === 'write') this.writeStart(operation);
    });
    if (what === 'machine') for (const file of this.files.values()) this.loseUnsynced(file);
  }

  wipe(): void {
    this.queue = [];
    this.busy++;
    this.files.clear();
  }

  /** Flips one bit of what had been synced; says where, or undefined for an empty disk. */
  rot(names: (name: string) => boolean = () => true): { name: string; offset: number } | undefined {
    const candidates = [...this.files].filter(([name, file]) => file.synced > 0 && names(name));
    if (candidates.length === 0) return undefined;
    const [name, file] = this.random.pick(candidates);
    const offset = this.random.below(file.synced);
    file.content[offset] = file.content[offset]! ^ (1 << this.random.below(8));
    return { name, offset };
  }

  get isEmpty(): boolean {
    return this.files.size === 0;
  }

  // ── Inside ──────────────────────────────────────────────────────────────────────────────────────────────────

  private read(name: string, offset = 0, length?: number): Uint8Array {
    const file = this.files.get(name);
    if (file === undefined) throw new MesozooError('DISK_FAILED', `no such file: ${name}`);
    const end = length === undefined ? file.length : Math.min(file.length, offset + length);
    return file.content.slice(Math.min(offset, file.length), end);
  }

  private truncate(name: string, bytes: number, doubtfulFrom = bytes): void {
    const file = this.files.get(name);
    if (file === undefined || bytes > file.length)
      throw new MesozooError('DISK_FAILED', `cannot cut ${name} to ${bytes} bytes`);
    file.length = bytes;
    file.synced = bytes;
    file.replaced = [];
    if (file.cacheOnly === undefined) return;
    const { from, to } = file.cacheOnly;
    const isWrittenAgain = doubtfulFrom <= from;
    file.cacheOnly =
      isWrittenAgain || from >= bytes ? undefined : { from, to: Math.min(to, bytes) };
  }

  private pump(): void {
    if (this.queue.length === 0 || this.running) return;
    const group = this.nextGroup();
    const run = this.busy;
    this.running = true;
    const { syncUs, spikeChance, spikeUs } = this.settings;
    const spike = this.random.chance(spikeChance) ? this.random.between(...spikeUs) : 0;
    this.scheduler.after(this.random.between(...syncUs) + spike, () => {
      this.running = false;
      if (run === this.busy) this.finish(group);
      this.pump();
    });
  }
  private running = false;

  /** Appends that stand together go to disk together; anything else goes alone. */
  private nextGroup(): number {
    const first = this.queue[0];
    if (first?.kind !== 'write' || first.at !== undefined) return 1;
    let count = 0;
    while (count < GROUP_MAX) {
      const next = this.queue[count];
      if (next?.kind !== 'write' || next.name !== first.name || next.at !== undefined) break;
      count++;
    }
    return count;
  }

  private finish(count: number): void {
    const done = this.queue.splice(0, count);
    this.syncs++;
    if (this.failNext !== undefined && this.broken === undefined) {
      this.broken = {
        code: this.failNext,
        message:
          this.failNext === 'DISK_FULL' ? 'ENOSPC: no space left on device' : 'EIO: fdatasync',
      };
      this.failNext = undefined;
      const first = done[0];
      if (first?.kind === 'write') this.writeInVain(first);
    }
    for (const operation of done) {
      if (operation.kind === 'rename' && !this.files.has(operation.from))
        this.broken ??= { code: 'DISK_FAILED', message: `ENOENT: rename ${operation.from}` };
      if (this.broken === undefined) {
        this.write(operation);
        if (operation.kind === 'write') this.sync(operation.name);
      }
      operation.saved(this.broken);
    }
  }

  private sync(name: string): void {
    const file = this.files.get(name);
    if (file === undefined) return;
    file.synced = file.length;
    file.replaced = [];
  }

  private write(operation: Operation): void {
    switch (operation.kind) {
      case 'write':
        this.put(operation, operation.pieces);
        return;
      case 'replace':
        this.files.set(operation.name, {
          content: operation.content,
          length: operation.content.length,
          synced: operation.content.length,
          replaced: [],
        });
        return;
      case 'remove':
        this.files.delete(operation.name);
        return;
      case 'rename': {
        const file = this.files.get(operation.from);
        if (file === undefined) return;
        this.files.delete(operation.from);
        this.files.set(operation.to, file);
        return;
      }
      default:
        throw new TypeError(`unknown: ${JSON.stringify(operation satisfies never)}`);
    }
  }

  private writeInVain(operation: Operation & { kind: 'write' }): void {
    const from = operation.at ?? this.files.get(operation.name)?.length ?? 0;
    const to = from + this.writeStart(operation);
    const file = this.files.get(operation.name);
    if (file !== undefined && to > from) file.cacheOnly = { from, to };
  }

  /** Some first bytes of it, perhaps none; returns how many. */
  private writeStart(operation: Operation & { kind: 'write' }): number {
    const bytes = Buffer.concat(operation.pieces);
    const written = this.random.below(bytes.length + 1);
    if (written > 0) this.put(operation, [bytes.subarray(0, written)]);
    return written;
  }

  private put({ name, at }: Operation & { kind: 'write' }, pieces: readonly Uint8Array[]): void {
    let file = this.files.get(name);
    if (file === undefined) {
      file = { content: new Uint8Array(1024), length: 0, synced: 0, replaced: [] };
      this.files.set(name, file);
    }
    let offset = at ?? file.length;
    assert(offset <= file.length, `a hole in ${name}`);
    for (const piece of pieces) {
      const end = offset + piece.length;
      if (offset < file.synced)
        file.replaced.push({
          at: offset,
          bytes: file.content.slice(offset, Math.min(end, file.synced)),
        });
      if (end > file.content.length) {
        const grown = new Uint8Array(2 * end);
        grown.set(file.content.subarray(0, file.length));
        file.content = grown;
      }
      file.content.set(piece, offset);
      file.length = Math.max(file.length, end);
      offset = end;
    }
  }

  /**
   * The tail is shorter, or as long as it was with zeros or garbage in it; what was written over something is there, or
   * not, or with a hole in which the former bytes stand, since a disk writes blocks in any order.
   */
  private loseUnsynced(file: File): void {
    if (file.cacheOnly !== undefined) file.content.fill(0, file.cacheOnly.from, file.cacheOnly.to);
    file.cacheOnly = undefined;
    for (const { at, bytes } of file.replaced) {
      const from = this.random.below(bytes.length + 1);
      const to = this.random.chance(0.5)
        ? bytes.length
        : this.random.between(from, bytes.length + 1);
      file.content.set(bytes.subarray(from, to), at + from);
    }
    file.replaced = [];
    const tail = file.length - file.synced;
    if (tail === 0) return;
    file.length = file.synced + this.random.below(tail + 1);
    const left = file.length - file.synced;
    if (left > 0 && this.random.chance(0.4)) {
      const from = file.synced + this.random.below(left);
      const zeros = this.random.chance(0.5);
      for (let index = from; index < file.length; index++)
        file.content[index] = zeros ? 0 : this.random.below(256);
    }
    // Whatever is there now has been read back from the disk: it stays.
    file.synced = file.length;
  }
}

function copied(pieces: readonly Uint8Array[]): Uint8Array[] {
  return pieces.map((piece) => new Uint8Array(piece));
}

function namesOf(operation: Operation): readonly string[] {
  return operation.kind === 'rename' ? [operation.from, operation.to] : [operation.name];
}

function checkName(name: string): void {
  const isName = name !== '' && !name.includes('/') && !name.startsWith('.');
  assert(isName, `not a name for a file: ${JSON.stringify(name)}`);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
