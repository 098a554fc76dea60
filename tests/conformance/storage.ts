/**
 * What every Storage must do, real or simulated: a table of cases that import neither the runtime nor the simulation.
 * `settle` lets the storage work until all that was asked for has been answered.
 */
import { describe, expect, it } from 'vitest';
import type { Storage, StorageFailure } from '../../actors/actor.ts';

export interface StorageUnderTest {
  readonly storage: Storage;
  settle(): Promise<void>;
  /** The same files seen by a process that starts anew, after everything that was answered. */
  reopen(): Promise<Storage>;
}

const text = (value: string) => new TextEncoder().encode(value);
const read = (storage: Storage, name: string, offset?: number, length?: number) =>
  new TextDecoder().decode(storage.read(name, offset, length));

export function storageConformance(name: string, create: () => Promise<StorageUnderTest>): void {
  describe(`${name} is a Storage`, () => {
    it('has no files at first', async () => {
      const { storage } = await create();
      expect(storage.list()).toEqual([]);
    });

    it('appends the pieces of a call in order, creating the file', async () => {
      const { storage, settle } = await create();
      const saved: (StorageFailure | undefined)[] = [];
      storage.append('log', [text('one '), text(''), text('two')], (failure) =>
        saved.push(failure),
      );
      await settle();
      expect(saved).toEqual([undefined]);
      expect(read(storage, 'log')).toBe('one two');
      expect(storage.list()).toEqual([{ name: 'log', bytes: 7 }]);
    });

    it('writes into a file, at its end, and one that is not there', async () => {
      const { storage, settle, reopen } = await create();
      storage.write('log', 0, [text('head'), text('....')], () => undefined);
      storage.write('log', 4, [text('1'), text('2')], () => undefined);
      storage.write('log', 8, [text('end')], () => undefined);
      storage.append('log', [text('!')], () => undefined);
      storage.write('log', 11, [text('? more')], () => undefined);
      await settle();
      expect(read(storage, 'log')).toBe('head12..end? more');
      storage.truncate('log', 6);
      storage.append('log', [text('+')], () => undefined);
      await settle();
      expect(read(await reopen(), 'log')).toBe('head12+');
    });

    it('never answers inside the call', async () => {
      const { storage, settle } = await create();
      const answered: string[] = [];
      storage.append('a', [text('x')], () => answered.push('append'));
      storage.write('a', 0, [text('y')], () => answered.push('write'));
      storage.replace('b', text('x'), () => answered.push('replace'));
      storage.rename('b', 'c', () => answered.push('rename'));
      storage.remove('c', () => answered.push('remove'));
      expect(answered).toEqual([]);
      await settle();
      expect(answered).toEqual(['append', 'write', 'replace', 'rename', 'remove']);
    });

    it('carries out calls in their order and answers each once', async () => {
      const { storage, settle } = await create();
      const order: number[] = [];
      for (let index = 0; index < 200; index += 1)
        storage.append(index % 3 === 0 ? 'a' : 'b', [text(`${index},`)], () => order.push(index));
      await settle();
      expect(order).toEqual([...Array(200).keys()]);
      const indexes = [...Array(200).keys()];
      expect(read(storage, 'a')).toBe(
        indexes
          .filter((index) => index % 3 === 0)
          .map((index) => `${index},`)
          .join(''),
      );
      expect(read(storage, 'b')).toBe(
        indexes
          .filter((index) => index % 3 !== 0)
          .map((index) => `${index},`)
          .join(''),
      );
    });

    it('takes calls from within an answer', async () => {
      const { storage, settle } = await create();
      storage.append('log', [text('a')], () =>
        storage.append('log', [text('b')], () =>
          storage.append('log', [text('c')], () => undefined),
        ),
      );
      await settle();
      expect(read(storage, 'log')).toBe('abc');
    });

    it.each([
      ['the whole', undefined, undefined, '0123456789'],
      ['from an offset', 4, undefined, '456789'],
      ['a piece', 4, 3, '456'],
      ['a piece that ends beyond the file', 8, 100, '89'],
      ['from the very end', 10, 5, ''],
      ['from beyond the end', 50, 5, ''],
    ])('reads %s', async (_what, offset, length, expected) => {
      const { storage, settle } = await create();
      storage.append('file', [text('0123456789')], () => undefined);
      await settle();
      expect(read(storage, 'file', offset, length)).toBe(expected);
    });

    it('throws DISK_FAILED for reading a file that is not there', async () => {
      const { storage } = await create();
      expect(() => storage.read('nothing')).toThrow(
        expect.objectContaining({ code: 'DISK_FAILED' }) as Error,
      );
    });

    it('replaces a content as a whole, and appends to the new one', async () => {
      const { storage, settle } = await create();
      storage.append('file', [text('a long old content')], () => undefined);
      storage.replace('file', text('new'), () => undefined);
      storage.append('file', [text('er')], () => undefined);
      await settle();
      expect(read(storage, 'file')).toBe('newer');
      expect(storage.list()).toEqual([{ name: 'file', bytes: 5 }]);
    });

    it('cuts a file, and appends after the cut', async () => {
      const { storage, settle } = await create();
      storage.append('file', [text('good torn')], () => undefined);
      await settle();
      storage.truncate('file', 4);
      expect(read(storage, 'file')).toBe('good');
      storage.append('file', [text('!')], () => undefined);
      await settle();
      expect(read(storage, 'file')).toBe('good!');
    });

    it('keeps what it writes again at a cut', async () => {
      const { storage, settle } = await create();
      storage.append('file', [text('sure doubtful torn')], () => undefined);
      await settle();
      storage.truncate('file', 13, 5);
      expect(read(storage, 'file')).toBe('sure doubtful');
      storage.append('file', [text('!')], () => undefined);
      await settle();
      expect(read(storage, 'file')).toBe('sure doubtful!');
    });

    it('cuts a file while others are written', async () => {
      const { storage, settle } = await create();
      storage.append('file', [text('good torn')], () => undefined);
      await settle();
      storage.append('other', [text('x')], () => undefined);
      storage.truncate('file', 4);
      await settle();
      expect(read(storage, 'file')).toBe('good');
      expect(read(storage, 'other')).toBe('x');
    });

    it('removes a file; one that is not there is no failure', async () => {
      const { storage, settle } = await create();
      const saved: (StorageFailure | undefined)[] = [];
      storage.append('file', [text('x')], () => undefined);
      storage.remove('file', (failure) => saved.push(failure));
      storage.remove('file', (failure) => saved.push(failure));
      await settle();
      expect(saved).toEqual([undefined, undefined]);
      expect(storage.list()).toEqual([]);
    });

    it('starts a removed file anew', async () => {
      const { storage, settle } = await create();
      storage.append('file', [text('old')], () => undefined);
      storage.remove('file', () => undefined);
      storage.append('file', [text('new')], () => undefined);
      await settle();
      expect(read(storage, 'file')).toBe('new');
    });

    it('renames over another file, and appends go to what has the name', async () => {
      const { storage, settle } = await create();
      storage.append('a', [text('A')], () => undefined);
      storage.append('b', [text('B')], () => undefined);
      storage.rename('a', 'b', () => undefined);
      storage.append('b', [text('+')], () => undefined);
      storage.append('a', [text('new')], () => undefined);
      await settle();
      expect(read(storage, 'b')).toBe('A+');
      expect(read(storage, 'a')).toBe('new');
    });

    it('fails a rename of what is not there, and whatever follows, for any file', async () => {
      const { storage, settle } = await create();
      const failures: (string | undefined)[] = [];
      storage.append('other', [text('x')], () => undefined);
      storage.rename('missing', 'file', (failure) => failures.push(failure?.code));
      storage.append('file', [text('x')], (failure) => failures.push(failure?.code));
      storage.append('other', [text('y')], (failure) => failures.push(failure?.code));
      await settle();
      expect(failures).toEqual(['DISK_FAILED', 'DISK_FAILED', 'DISK_FAILED']);
      expect(read(storage, 'other')).toBe('x');
      expect(storage.list()).toEqual([{ name: 'other', bytes: 1 }]);
    });

    it('shows to a process that starts anew what was answered', async () => {
      const { storage, settle, reopen } = await create();
      storage.append('log', [text('kept')], () => undefined);
      storage.replace('meta', text('{}'), () => undefined);
      storage.append('gone', [text('x')], () => undefined);
      storage.remove('gone', () => undefined);
      await settle();
      const again = await reopen();
      expect(again.list()).toEqual([
        { name: 'log', bytes: 4 },
        { name: 'meta', bytes: 2 },
      ]);
      expect(read(again, 'log')).toBe('kept');
    });

    it.each(['', 'a/b', '.hidden'])('refuses %j as a name', async (bad) => {
      const { storage } = await create();
      expect(() => storage.append(bad, [text('x')], () => undefined)).toThrow('name');
    });
  });
}
