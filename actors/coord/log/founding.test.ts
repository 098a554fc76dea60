import { describe, expect, it } from 'vitest';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { bootstrap, member, openLog } from '../testing/open-log.ts';
import { encodeFounding, FOUNDING_FILE } from './identity.ts';

const order = { clusterId: 'founded', members: [1, 2, 3].map(member) };

function withOrder(): MemoryStorage {
  const storage = new MemoryStorage();
  storage.replace(FOUNDING_FILE, encodeFounding(order), () => undefined);
  storage.settle();
  return storage;
}

const names = (storage: MemoryStorage) => storage.list().map(({ name }) => name);

describe('a founding order on an empty disk', () => {
  it('makes the member one of the new cluster, and is gone once that is saved', () => {
    const storage = withOrder();
    const { identity } = openLog(storage, { bootstrap: false });
    expect(identity).toMatchObject({
      ...{ clusterId: 'founded', member: 1, disk: 'founded-1', mayVote: true },
    });
    expect(identity.configuration.members.map(({ disk }) => disk)).toEqual([
      'founded-1',
      'founded-2',
      'founded-3',
    ]);
    expect(names(storage)).not.toContain(FOUNDING_FILE);
  });

  it('stays until the identity is on the disk: a crash in between begins in the same way', () => {
    const storage = withOrder();
    storage.crash();
    expect(names(storage)).toEqual([FOUNDING_FILE]);
    expect(openLog(storage, { bootstrap: false }).identity.disk).toBe('founded-1');
  });

  it('creates nothing on a disk that has been emptied since: the member joins', () => {
    openLog(withOrder(), { bootstrap: false });
    const { identity } = openLog(new MemoryStorage(), { bootstrap: false });
    expect(identity).toMatchObject({ clusterId: '', mayVote: false });
    expect(identity.disk).not.toBe('founded-1');
  });

  it('has no effect where data lie', () => {
    const storage = new MemoryStorage();
    openLog(storage);
    storage.replace(FOUNDING_FILE, encodeFounding(order), () => undefined);
    storage.settle();
    expect(openLog(storage, { bootstrap: false }).identity.clusterId).toBe(bootstrap.clusterId);
    expect(names(storage)).not.toContain(FOUNDING_FILE);
  });

  it('that is damaged does not keep sound data from being opened, and is removed', () => {
    const storage = new MemoryStorage();
    openLog(storage);
    storage.replace(FOUNDING_FILE, Buffer.from('{'), () => undefined);
    storage.settle();
    expect(openLog(storage, { bootstrap: false }).identity.clusterId).toBe(bootstrap.clusterId);
    expect(names(storage)).not.toContain(FOUNDING_FILE);
  });

  it.each(['', '{', 'null', '{"clusterId":"","members":[1]}', '{"clusterId":"c"}'])(
    'that is damaged (%j) is refused',
    (content) => {
      const storage = new MemoryStorage();
      storage.replace(FOUNDING_FILE, Buffer.from(content), () => undefined);
      storage.settle();
      expect(() => openLog(storage, { bootstrap: false })).toThrow(
        expect.objectContaining({ code: 'LOG_DAMAGED' }),
      );
    },
  );
});
