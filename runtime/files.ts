/**
 * The Storage port over a directory of real files.
 *
 * Calls are carried out one after another, in their order; appends to one file that wait together are one write and
 * one `fdatasync`. That a file exists, and under which name, is made durable by a sync of the directory. Nothing
 * blocks the loop but the reads and `truncate`, which the port keeps for recovery and small pieces, and appends on a disk
 * that is quicker than another thread (sync-pace.ts).
 */
import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readSync,
  rename,
  statSync,
  unlink,
  unlinkSync,
  writeSync,
  writev,
  writevSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Saved, Storage, StorageFailure } from '../actors/actor.ts';
import { assert, MesozooError } from '../protocol/errors.ts';
import { SyncPace } from './sync-pace.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
const renameFile = promisify(rename);
const unlinkFile = promisify(unlink);
const writeVector = promisify(writev);

/** A new content grows under such a name until it takes the place of the old one. */
export const TEMPORARY = '.new-';
/** What is larger takes any disk its time. */
const SMALL_BYTES_MAX = 512 * 1024;
/** Files that stay open for more appends. */
const OPEN_FILES_MAX = 16;

interface OpenFile {
  readonly descriptor: number;
  bytes: number;
}

type Task =
  | {
      readonly kind: 'write';
      readonly name: string;
      /** Undefined: at the end. */
      readonly at: number | undefined;
      readonly pieces: readonly Uint8Array[];
      readonly saved: Saved;
    }
  | {
      readonly kind: 'other';
      readonly names: readonly string[];
      readonly run: () => Promise<void>;
      readonly saved: Saved;
    };

/** Opens the directory, making it where it is not there. Throws MesozooError DISK_FAILED, DISK_FULL. */
export function openFiles(directory: string): Storage & { close(): Promise<void> } {
  return new Files(directory);
}

class Files implements Storage {
  private readonly directory: string;
  private readonly tasks: Task[] = [];
  private underway: readonly Task[] = [];
  private working: Promise<void> | undefined;
  private closed = false;
  private readonly pace = new SyncPace();
  /** The one used last stands last. */
  private readonly opened = new Map<string, OpenFile>();
  /**
   * The first write or sync that failed. Nothing is written after it, to no file: what waits was asked for in the belief
   * that everything before it would be on disk.
   */
  private failure: StorageFailure | undefined;

  constructor(directory: string) {
    this.directory = directory;
    attempt(`open ${directory}`, () => {
      const made = mkdirSync(directory, { recursive: true, mode: 0o700 });
      if (made !== undefined) syncDirectoryNow(dirname(made));
      for (const name of readdirSync(directory))
        if (name.startsWith(TEMPORARY)) unlinkSync(join(directory, name));
    });
  }

  list(): readonly { readonly name: string; readonly bytes: number }[] {
    return attempt(`list ${this.directory}`, () =>
      readdirSync(this.directory, { withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
        .map((entry) => entry.name)
        .sort()
        .flatMap((name) => {
          // A removal or renaming that is under way may be carried out in between.
          const status = statSync(this.path(name), { throwIfNoEntry: false });
          return status === undefined ? [] : [{ name, bytes: status.size }];
        }),
    );
  }

  read(name: string, offset = 0, length?: number): Uint8Array {
    return attempt(`read ${name}`, () => {
      const descriptor = openSync(this.path(name), 'r');
      try {
        const size = fstatSync(descriptor).size;
        const wanted = Math.max(0, Math.min(length ?? size, size - offset));
        const bytes = new Uint8Array(wanted);
        let done = 0;
        while (done < wanted) {
          const count = readSync(descriptor, bytes, done, wanted - done, offset + done);
          if (count === 0) break;
          done += count;
        }
        return done === wanted ? bytes : bytes.slice(0, done);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  append(name: string, pieces: readonly Uint8Array[], saved: Saved): void {
    this.path(name);
    this.add({ kind: 'write', name, at: undefined, pieces, saved });
  }

  write(name: string, at: number, pieces: readonly Uint8Array[], saved: Saved): void {
    this.path(name);
    this.add({ kind: 'write', name, at, pieces, saved });
  }

  replace(name: string, content: Uint8Array, saved: Saved): void {
    const path = this.path(name);
    this.other([name], saved, async () => {
      const temporary = join(this.directory, TEMPORARY + name);
      const descriptor = await openFile(temporary, 'w', 0o600);
      try {
        await writeFully(descriptor, 0, [content]);
        await syncAll(descriptor);
      } finally {
        await closeFile(descriptor);
      }
      await this.forget(name);
      await renameFile(temporary, path);
      await this.syncDirectory();
    });
  }

  truncate(name: string, bytes: number, doubtfulFrom = bytes): void {
    assert(!this.waitsFor(name), `${name} cannot be cut while something is on its way to it`);
    attempt(`truncate ${name}`, () => {
      const descriptor = openSync(this.path(name), 'r+');
      try {
        ftruncateSync(descriptor, bytes);
        writeAgain(descriptor, doubtfulFrom, bytes);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      const file = this.opened.get(name);
      if (file !== undefined) file.bytes = bytes;
      // A process that died right after it had created the file has not made sure that the file is found again.
      syncDirectoryNow(this.directory);
    });
  }

  remove(name: string, saved: Saved): void {
    const path = this.path(name);
    this.other([name], saved, async () => {
      await this.forget(name);
      try {
        await unlinkFile(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw error;
      }
      await this.syncDirectory();
    });
  }

  rename(from: string, to: string, saved: Saved): void {
    const [fromPath, toPath] = [this.path(from), this.path(to)];
    this.other([from, to], saved, async () => {
      await this.forget(from);
      await this.forget(to);
      await renameFile(fromPath, toPath);
      await this.syncDirectory();
    });
  }

  /** Waits for what is on its way; nothing is taken any more. */
  async close(): Promise<void> {
    this.closed = true;
    await this.working;
    for (const name of [...this.opened.keys()]) await this.forget(name);
  }

  private path(name: string): string {
    assert(
      name !== '' && !name.includes('/') && !name.startsWith('.'),
      `not a name for a file: ${JSON.stringify(name)}`,
    );
    return join(this.directory, name);
  }

  private waitsFor(name: string): boolean {
    return [...this.underway, ...this.tasks].some((task) =>
      task.kind === 'write' ? task.name === name : task.names.includes(name),
    );
  }

  private other(names: readonly string[], saved: Saved, run: () => Promise<void>): void {
    this.add({ kind: 'other', names, run, saved });
  }

  private add(task: Task): void {
    assert(!this.closed, 'the directory is closed');
    this.tasks.push(task);
    this.working ??= this.work();
  }

  private async work(): Promise<void> {
    // Not within the call: what the caller does next in this turn joins the same sync.
    await Promise.resolve();
    for (let batch = this.takeBatch(); batch !== undefined; batch = this.takeBatch()) {
      this.underway = batch;
      const failure = await this.carryOut(batch);
      this.underway = [];
      for (const task of batch) task.saved(failure);
    }
    this.working = undefined;
  }

  /** One task, or all the appends to one file that follow each other. */
  private takeBatch(): Task[] | undefined {
    const first = this.tasks[0];
    if (first === undefined) return undefined;
    let count = 1;
    if (first.kind === 'write' && first.at === undefined)
      while (count < this.tasks.length && isAppendTo(this.tasks[count], first.name)) count += 1;
    return this.tasks.splice(0, count);
  }

  private async carryOut(batch: readonly Task[]): Promise<StorageFailure | undefined> {
    const first = batch[0] as Task;
    if (this.failure !== undefined) return this.failure;
    try {
      if (first.kind === 'write') {
        const pieces = batch.flatMap((task) => (task.kind === 'write' ? task.pieces : []));
        await this.writeTo(first.name, first.at, pieces);
      } else await first.run();
      return undefined;
    } catch (error) {
      const names = first.kind === 'write' ? [first.name] : first.names;
      this.failure = failureOf(names.join(' '), error);
      return this.failure;
    }
  }

  private async writeTo(
    name: string,
    at: number | undefined,
    pieces: readonly Uint8Array[],
  ): Promise<void> {
    let file = this.opened.get(name);
    let created = false;
    if (file === undefined) {
      [file, created] = await openToWrite(this.path(name));
      await this.closeOldest();
    }
    this.opened.delete(name);
    this.opened.set(name, file);
    await this.writeDurably(file, at ?? file.bytes, pieces);
    if (created) await this.syncDirectory();
  }

  private async writeDurably(
    file: OpenFile,
    at: number,
    pieces: readonly Uint8Array[],
  ): Promise<void> {
    const { pace } = this;
    const { descriptor } = file;
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    const isSmall = bytes <= SMALL_BYTES_MAX;
    const begunMs = performance.now();
    if (isSmall && pace.isQuick) {
      writeFullyNow(descriptor, at, pieces);
      fdatasyncSync(descriptor);
      pace.waited(performance.now() - begunMs);
    } else {
      await writeFully(descriptor, at, pieces);
      await syncData(descriptor);
      if (isSmall) pace.passed(performance.now() - begunMs);
    }
    file.bytes = Math.max(file.bytes, at + bytes);
  }

  private async closeOldest(): Promise<void> {
    const oldest = this.opened.keys().next().value;
    if (oldest !== undefined && this.opened.size >= OPEN_FILES_MAX) await this.forget(oldest);
  }

  private async forget(name: string): Promise<void> {
    const file = this.opened.get(name);
    if (file === undefined) return;
    this.opened.delete(name);
    await closeFile(file.descriptor);
  }

  private async syncDirectory(): Promise<void> {
    const descriptor = await openFile(this.directory, 'r');
    try {
      await syncAll(descriptor);
    } finally {
      await closeFile(descriptor);
    }
  }
}

function isAppendTo(task: Task | undefined, name: string): boolean {
  return task?.kind === 'write' && task.name === name && task.at === undefined;
}

async function openToWrite(path: string): Promise<[file: OpenFile, created: boolean]> {
  try {
    return [{ descriptor: await openFile(path, 'wx', 0o600), bytes: 0 }, true];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const descriptor = await openFile(path, 'r+');
    return [{ descriptor, bytes: fstatSync(descriptor).size }, false];
  }
}

async function writeFully(
  descriptor: number,
  at: number,
  pieces: readonly Uint8Array[],
): Promise<void> {
  let done = 0;
  for (let left = withoutEmpty(pieces); left.length > 0; ) {
    const { bytesWritten } = await writeVector(descriptor, left, at + done);
    done += bytesWritten;
    left = leftOf(left, bytesWritten);
  }
}

function writeFullyNow(descriptor: number, at: number, pieces: readonly Uint8Array[]): void {
  let done = 0;
  for (let left = withoutEmpty(pieces); left.length > 0; ) {
    const bytesWritten = writevSync(descriptor, left, at + done);
    done += bytesWritten;
    left = leftOf(left, bytesWritten);
  }
}

function withoutEmpty(pieces: readonly Uint8Array[]): Uint8Array[] {
  return pieces.filter((piece) => piece.length > 0);
}

function leftOf(pieces: readonly Uint8Array[], bytesWritten: number): Uint8Array[] {
  let rest = bytesWritten;
  let whole = 0;
  for (const piece of pieces) {
    if (rest < piece.length) break;
    rest -= piece.length;
    whole += 1;
  }
  const left = pieces.slice(whole);
  const torn = left[0];
  if (rest > 0 && torn !== undefined) left[0] = torn.subarray(rest);
  return left;
}

/** The same bytes at the same place. */
function writeAgain(descriptor: number, from: number, to: number): void {
  const bytes = new Uint8Array(Math.max(0, to - from));
  const length = readSync(descriptor, bytes, 0, bytes.length, from);
  for (let done = 0; done < length; )
    done += writeSync(descriptor, bytes, done, length - done, from + done);
}

function syncDirectoryNow(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function attempt<Result>(what: string, run: () => Result): Result {
  try {
    return run();
  } catch (cause) {
    const { code, message } = failureOf(what, cause);
    throw new MesozooError(code, message, { cause });
  }
}

function failureOf(what: string, error: unknown): StorageFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return { code: full ? 'DISK_FULL' : 'DISK_FAILED', message: `${what}: ${message}` };
}
