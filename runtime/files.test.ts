import {
  fstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { storageConformance } from '../tests/conformance/storage.ts';
import { openFiles } from './files.ts';

const disk = vi.hoisted(() => ({
  beforeStat: (_path: unknown): void => undefined,
  afterSync: (_descriptor: number): void => undefined,
  writtenAt: [] as unknown[],
  syncFails: false,
  takeFailure() {
    const fails = this.syncFails;
    this.syncFails = false;
    return fails
      ? Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
      : undefined;
  },
}));
vi.mock('node:fs', async (original) => {
  const actual = await original<typeof import('node:fs')>();
  return {
    ...actual,
    statSync: (...args: Parameters<typeof actual.statSync>) => {
      disk.beforeStat(args[0]);
      return actual.statSync(...args);
    },
    writeSync: (...args: [number, Uint8Array, number, number, number]) => {
      disk.writtenAt.push(args[4]);
      return actual.writeSync(...args);
    },
    fdatasync: (descriptor: number, done: (error: Error | null) => void) => {
      const failure = disk.takeFailure();
      if (failure === undefined) actual.fdatasync(descriptor, done);
      else done(failure);
    },
    fdatasyncSync: (descriptor: number) => {
      const failure = disk.takeFailure();
      if (failure !== undefined) throw failure;
      actual.fdatasyncSync(descriptor);
    },
    fsyncSync: (descriptor: number) => {
      actual.fsyncSync(descriptor);
      disk.afterSync(descriptor);
    },
  };
});

const directories: string[] = [];
function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesozoo-files-'));
  directories.push(directory);
  return directory;
}
afterEach(() => {
  disk.beforeStat = () => undefined;
  disk.afterSync = () => undefined;
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

storageConformance('a directory of files', async () => {
  const directory = temporaryDirectory();
  const storage = openFiles(directory);
  return {
    storage,
    async settle() {
      // Answers may have asked for more: until a marker that is asked for last comes back alone.
      for (let rounds = 0; rounds < 5; rounds += 1)
        await new Promise<void>((resolve) => storage.remove('marker', () => resolve()));
    },
    async reopen() {
      await storage.close();
      return openFiles(directory);
    },
  };
});

describe('files', () => {
  const bytes = new TextEncoder().encode('x');

  it('makes the directory with its parents', async () => {
    const storage = openFiles(join(temporaryDirectory(), 'a', 'b'));
    expect(storage.list()).toEqual([]);
    await storage.close();
  });

  it('clears away a half-written new content, and never lists it', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, '.new-meta'), 'half');
    const storage = openFiles(directory);
    expect(storage.list()).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
    await storage.close();
  });

  it('leaves a file out of the list that goes while it is made', async () => {
    const directory = temporaryDirectory();
    for (const name of ['a', 'b']) writeFileSync(join(directory, name), 'x');
    const storage = openFiles(directory);
    disk.beforeStat = (path) => {
      if (path === join(directory, 'a')) unlinkSync(join(directory, 'a'));
    };
    expect(storage.list()).toEqual([{ name: 'b', bytes: 1 }]);
    await storage.close();
  });

  it('has synced a file and its name when it was cut', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'log'), 'good torn');
    const storage = openFiles(directory);
    const synced: string[] = [];
    disk.afterSync = (descriptor) => {
      synced.push(fstatSync(descriptor).isDirectory() ? 'directory' : 'file');
    };
    storage.truncate('log', 4);
    expect(synced).toEqual(['file', 'directory']);
    await storage.close();
  });

  it('reports a full disk as DISK_FULL, and nothing is written to any file after it', async () => {
    const directory = temporaryDirectory();
    symlinkSync('/dev/full', join(directory, 'log'));
    const storage = openFiles(directory);
    const codes: (string | undefined)[] = [];
    await new Promise<void>((resolve) => {
      storage.append('log', [bytes], (failure) => codes.push(failure?.code));
      storage.append('other', [bytes], (failure) => codes.push(failure?.code));
      storage.replace('identity', bytes, (failure) => codes.push(failure?.code));
      storage.append('log', [bytes], (failure) => {
        codes.push(failure?.code);
        resolve();
      });
    });
    expect(codes).toEqual(['DISK_FULL', 'DISK_FULL', 'DISK_FULL', 'DISK_FULL']);
    expect(readdirSync(directory)).toEqual(['log']);
    await storage.close();
  });

  it.each([
    ['waited for', 1],
    ['done elsewhere', 1024 * 1024],
  ])(
    'reports a sync that fails once as DISK_FAILED, and nothing is written after it: %s',
    async (_, size) => {
      const bytes = new Uint8Array(size);
      const directory = temporaryDirectory();
      const storage = openFiles(directory);
      const codes: (string | undefined)[] = [];
      const append = (name: string) =>
        new Promise<void>((resolve) => {
          storage.append(name, [bytes], (failure) => {
            codes.push(failure?.code);
            resolve();
          });
        });
      await append('log');
      disk.syncFails = true;
      for (const name of ['log', 'log', 'other']) await append(name);
      expect(codes).toEqual([undefined, 'DISK_FAILED', 'DISK_FAILED', 'DISK_FAILED']);
      expect(storage.list()).toEqual([{ name: 'log', bytes: 2 * size }]);
      await storage.close();
    },
  );

  it('writes again what may be in a cache only, where it stands', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'log'), 'sure doubtful torn');
    const storage = openFiles(directory);
    disk.writtenAt.length = 0;
    storage.truncate('log', 13, 5);
    expect(disk.writtenAt).toEqual([5]);
    expect(Buffer.from(storage.read('log')).toString()).toBe('sure doubtful');
    await storage.close();
  });

  it('keeps more files going than it keeps open', async () => {
    const storage = openFiles(temporaryDirectory());
    for (let round = 0; round < 2; round += 1)
      for (let index = 0; index < 40; index += 1)
        storage.append(`file-${index}`, [bytes], () => undefined);
    await storage.close();
    expect(storage.list()).toHaveLength(40);
    expect(storage.list().every((file) => file.bytes === 2)).toBe(true);
  });

  it('writes thousands of pieces with one call', async () => {
    const storage = openFiles(temporaryDirectory());
    const failures: unknown[] = [];
    storage.append('log', Array(5000).fill(bytes), (failure) => failures.push(failure));
    await storage.close();
    expect(failures).toEqual([undefined]);
    expect(storage.read('log')).toHaveLength(5000);
  });
});
