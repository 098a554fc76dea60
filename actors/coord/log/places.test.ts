import { describe, expect, it } from 'vitest';
import type { Value } from '../paxos/contract.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { accept, decided, openLog, promise, slot } from '../testing/open-log.ts';
import { segmentName } from './segments.ts';

const textOf = (value: Value) =>
  value.kind === 'entry' ? Buffer.from(value.bytes).toString() : value.kind;

/** Segments of a batch each. */
function written() {
  const storage = new MemoryStorage();
  const { log } = openLog(storage, { segmentBytes: 64 });
  const batches = [
    [promise(257), accept(1, 257), accept(2, 257, 'old')],
    [accept(3, 257), decided(1)],
    [accept(2, 514, 'new'), decided(3)],
  ];
  batches.forEach((batch, index) => {
    log.append(batch, index + 1);
    log.flush();
    storage.settle();
  });
  return { storage, log };
}

describe('a value on disk', () => {
  it('is read as it was accepted last', () => {
    const { log } = written();
    expect([1, 2, 3].map((at) => textOf(log.read(slot(at))))).toEqual([
      'value 1',
      'new',
      'value 3',
    ]);
  });

  it('is read after a restart too', () => {
    const { log } = openLog(written().storage);
    expect([1, 2, 3].map((at) => textOf(log.read(slot(at))))).toEqual([
      'value 1',
      'new',
      'value 3',
    ]);
  });

  it('is gone once it is forgotten, and those behind it are not', () => {
    const { storage, log } = written();
    log.forgetUpTo(slot(1));
    storage.settle();
    expect(() => log.read(slot(1))).toThrow('slot 1 of the log can no longer be read');
    expect([2, 3].map((at) => textOf(log.read(slot(at))))).toEqual(['new', 'value 3']);
  });

  it('that has rotted is not taken for sound', () => {
    const { storage, log } = written();
    const last = storage
      .list()
      .filter(({ name }) => name.startsWith('log-'))
      .at(-1)!.name;
    storage.spoil(last, storage.read(last).length - 40);
    expect(() => log.read(slot(2))).toThrow('slot 2 of the log can no longer be read');
    expect(textOf(log.read(slot(3)))).toBe('value 3');
    expect(segmentName(3)).toBe(last);
  });
});
