import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError, MesozooError } from '../../../protocol/errors.ts';
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { SnapshotReader, ZnodeState } from './contract.ts';
import { create, Driver, multi, remove, set, setAcl, type TestSession } from './testing/driver.ts';
import { znodeStates } from './znodes.ts';

const readOnly = [{ permissions: 1, scheme: 'world', id: 'anyone' }];
const configuration = { members: [{ id: 1 as MemberId, disk: 'disk-1' as DiskId }] };

function prepared(): { driver: Driver; session: TestSession } {
  const driver = new Driver(znodeStates.empty(configuration));
  const session = driver.open(1, { clientNumbered: true });
  driver.open(2);
  for (let index = 0; index < 50; index++) session.write(create(`/n${index}`, { data: 'x' }));
  session.write(create('/n1/child', { data: 'y'.repeat(3000), ephemeral: true }));
  session.write(create('/null', { data: null }));
  session.write(create('/null-container', { data: null, container: true }));
  session.write(remove('/none'));
  session.attach(3);
  return { driver, session };
}

function drain(reader: SnapshotReader): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) chunks.push(chunk);
  return chunks;
}

/** All that can be seen of a state. */
function visible(state: ZnodeState): unknown {
  const nodes: unknown[] = [];
  const identities = [{ scheme: 'digest', id: 'a:b' }];
  const walk = (path: string): void => {
    const { data, isNull, stat } = state.get(path, identities);
    nodes.push([path, isNull ? null : [...data], stat, state.acl(path, identities).acl]);
    for (const name of state.children(path, identities).names)
      walk(path === '/' ? `/${name}` : `${path}/${name}`);
  };
  walk('/');
  return {
    nodes,
    sessions: [...state.sessions()].sort((one, other) => (one.id < other.id ? -1 : 1)),
    zxid: state.zxid,
    slot: state.slot,
    configuration: state.configuration,
    digest: state.digest(),
  };
}

describe('a snapshot', () => {
  test.each([1, 7, 100, 4096, 1_000_000])('in chunks of %i bytes gives an equal state', (size) => {
    const { driver, session } = prepared();
    const chunks = drain(driver.state.snapshot(size));
    for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(size);
    const restored = znodeStates.restore(chunks);
    expect(visible(restored)).toEqual(visible(driver.state));
    // Both go on alike, remembered replies included.
    const twin = new Driver(restored);
    for (const operation of [
      session.operation(create('/n0'), { number: 51 }),
      session.operation(create('/s-', { sequential: true }), { number: session.number + 1 }),
      session.operation({ kind: 'closeSession', expired: true }),
    ])
      expect(twin.apply(operation)).toEqual(driver.apply(operation));
    expect(visible(twin.state)).toEqual(visible(driver.state));
  });

  test('of an empty state gives an empty state', () => {
    const state = znodeStates.empty(configuration);
    expect(visible(znodeStates.restore(drain(state.snapshot(10))))).toEqual(visible(state));
  });

  test('shows the moment at which it began, whatever happens meanwhile', () => {
    const { driver, session } = prepared();
    const before = visible(driver.state);
    const { slot } = driver.state;
    const reader = driver.state.snapshot(50);
    expect(reader.slot).toBe(slot);
    const chunks: Uint8Array[] = [];
    const changes: ((driver: Driver, session: TestSession) => unknown)[] = [
      (_, session) => session.write(set('/n40', 'changed')),
      (_, session) => session.write(set('/n40', 'changed again')),
      (_, session) => session.write(create('/n41/new')),
      (_, session) => session.write(remove('/n42')),
      (_, session) => session.write(create('/n42', { data: 'another' })),
      (_, session) => session.write(setAcl('/n43', readOnly)),
      (_, session) => session.write(multi(remove('/n44'), set('/n45', 'x'), remove('/none'))),
      (_, session) => session.write(remove('/n41/new')),
      (driver) => driver.open(7),
      ({ state }) => state.applyOther((state.slot + 1) as Slot, { members: [] }),
      (_, session) => session.attach(9),
      (_, session) => session.close(),
    ];
    const twin = prepared();
    for (const change of changes) {
      chunks.push(reader.next()!);
      change(driver, session);
      change(twin.driver, twin.session);
    }
    chunks.push(...drain(reader));
    expect(visible(znodeStates.restore(chunks))).toEqual(before);
    // And the state itself has gone on as one of which no snapshot was taken.
    expect(visible(driver.state)).toEqual(visible(twin.driver.state));
    const now = znodeStates.restore(drain(driver.state.snapshot(1000)));
    expect(visible(now)).toEqual(visible(driver.state));
  });

  test('shows that moment through any writes between any of its chunks', () => {
    const paths = ['/a', '/a/b', '/a/b/c', '/a/b/d', '/a/c', '/e', '/e/f', '/e/g', '/e/g/h', '/i'];
    for (let index = 0; index < 10; index++) paths.push(`/e/n${index}`);
    const path = fc.constantFrom(...paths);
    const leaf = fc.constantFrom(...paths.filter((at) => /[cdfhi0-9]$/.test(at)));
    const length = fc.constantFrom(0, 5, 40, 2000);
    const plain = fc.oneof(
      leaf.map((at) => remove(at)),
      path.map((at) => remove(at)),
      fc
        .record({ path, ephemeral: fc.boolean() })
        .map(({ path: at, ephemeral }) => create(at, { data: at.repeat(9), ephemeral })),
      fc.record({ path, length }).map(({ path: at, length: bytes }) => set(at, 'z'.repeat(bytes))),
      path.map((at) => setAcl(at, readOnly)),
    );
    // Some of them are undone, since one of the operations fails.
    const body = fc.oneof(
      plain,
      leaf.map((at) => remove(at)),
      // It takes the place in memory of what was removed, and another in the walk: /a comes after /e.
      fc.constant(create('/a/new-', { sequential: true })),
      fc.constant(multi(remove('/e/g/h'), remove('/e/g'))),
      fc.array(plain, { minLength: 1, maxLength: 3 }).map((operations) => multi(...operations)),
    );
    const steps = fc.array(fc.record({ body, chunks: fc.nat(3) }), { maxLength: 40 });
    const grown = () => {
      const driver = new Driver(znodeStates.empty(configuration));
      const session = driver.open(1);
      // Another one, that leaves no replies behind: so the nodes are most of the snapshot.
      const gardener = driver.open(2);
      for (const at of paths) gardener.write(create(at, { data: at }));
      gardener.close();
      return { driver, session };
    };
    fc.assert(
      fc.property(steps, (then) => {
        const [{ driver, session }, twin] = [grown(), grown()];
        const before = visible(driver.state);
        const reader = driver.state.snapshot(80);
        const chunks: Uint8Array[] = [];
        for (const { body: one, chunks: count } of then) {
          for (let taken = 0; taken < count; taken++) {
            const chunk = reader.next();
            if (chunk !== undefined) chunks.push(chunk);
          }
          for (const each of [session, twin.session]) each.write(one);
        }
        chunks.push(...drain(reader));
        expect(visible(znodeStates.restore(chunks))).toEqual(before);
        expect(visible(driver.state)).toEqual(visible(twin.driver.state));
        expect(visible(znodeStates.restore(drain(driver.state.snapshot(1000))))).toEqual(
          visible(driver.state),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('passes over many new nodes in short steps', () => {
    const driver = new Driver(znodeStates.empty(configuration));
    const session = driver.open(1, { clientNumbered: true });
    session.write(create('/parent'));
    session.write(create('/parent/old'));
    const before = visible(driver.state);
    const reader = driver.state.snapshot(1_000_000);
    for (let first = 0; first < 30_000; first += 500) {
      const creates = Array.from({ length: 500 }, (_, at) => create(`/parent/n${first + at}`));
      session.write(multi(...creates));
    }
    const chunks = drain(reader);
    expect(chunks.length).toBeGreaterThan(2);
    expect(visible(znodeStates.restore(chunks))).toEqual(before);
  });

  test('goes on behind a node that is removed just before its turn, and whose place another takes', () => {
    for (let taken = 0; taken < 12; taken++) {
      const driver = new Driver(znodeStates.empty(configuration));
      const session = driver.open(1, { clientNumbered: true });
      for (const path of ['/last', '/first']) session.write(create(path));
      for (let index = 0; index < 10; index++) session.write(create(`/first/n${index}`));
      const before = visible(driver.state);
      const reader = driver.state.snapshot(100);
      const chunks: Uint8Array[] = [];
      for (let count = 0; count < taken; count++) {
        const chunk = reader.next();
        if (chunk !== undefined) chunks.push(chunk);
      }
      for (let index = 0; index < 9; index++) {
        session.write(remove(`/first/n${index}`));
        session.write(create(`/last/m${index}`));
      }
      chunks.push(...drain(reader));
      expect(visible(znodeStates.restore(chunks))).toEqual(before);
    }
  });

  test('can be followed by another, each showing its own moment', () => {
    const { driver, session } = prepared();
    for (let round = 0; round < 3; round++) {
      const before = visible(driver.state);
      const reader = driver.state.snapshot(200);
      const first = reader.next()!;
      session.write(set('/n49', `round ${round}`));
      session.write(create(`/round${round}`));
      expect(visible(znodeStates.restore([first, ...drain(reader)]))).toEqual(before);
    }
  });

  test('that is cancelled leaves room for the next, and gives nothing more', () => {
    const { driver, session } = prepared();
    const reader = driver.state.snapshot(100);
    reader.next();
    expect(() => driver.state.snapshot(100)).toThrow(InvariantError);
    reader.cancel();
    reader.cancel();
    expect(reader.next()).toBeUndefined();
    session.write(set('/n1', 'x'));
    const chunks = drain(driver.state.snapshot(100));
    expect(visible(znodeStates.restore(chunks))).toEqual(visible(driver.state));
  });
});

describe('a damaged snapshot is LOG_DAMAGED:', () => {
  const whole = drain(prepared().driver.state.snapshot(1000));
  const restoring = (chunks: readonly Uint8Array[]): string => {
    try {
      znodeStates.restore(chunks);
      return 'restored';
    } catch (error) {
      if (error instanceof MesozooError) return error.code;
      throw error;
    }
  };

  test.each<[string, readonly Uint8Array[]]>([
    ['nothing at all', []],
    ['an empty chunk', [new Uint8Array(0)]],
    ['without its first chunk', whole.slice(1)],
    ['without its last chunk', whole.slice(0, -1)],
    ['without one in the middle', [...whole.slice(0, 2), ...whole.slice(3)]],
    ['with two chunks changed over', [whole[1]!, whole[0]!, ...whole.slice(2)]],
    ['with a chunk twice', [...whole.slice(0, 2), ...whole.slice(1)]],
    ['twice', [...whole, ...whole]],
    ['followed by a byte', [...whole, new Uint8Array(1)]],
  ])('%s', (_, chunks) => {
    expect(restoring(chunks)).toBe('LOG_DAMAGED');
  });

  test('with any bit changed', () => {
    const driver = new Driver(znodeStates.empty(configuration));
    const session = driver.open(1, { clientNumbered: true });
    session.write(create('/a', { data: 'data', ephemeral: true, acl: readOnly }));
    session.write(create('/b'));
    session.write(create('/b/s-', { sequential: true }));
    session.write(remove('/none'));
    const [all] = drain(driver.state.snapshot(1_000_000));
    for (let bit = 0; bit < all!.length * 8; bit++) {
      all![bit >> 3]! ^= 1 << (bit & 7);
      if (restoring([all!]) !== 'LOG_DAMAGED') throw new Error(`bit ${bit} makes no difference`);
      all![bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(restoring([all!])).toBe('restored');
  });

  test('cut anywhere', () => {
    const all = Buffer.concat(whole);
    fc.assert(
      fc.property(fc.nat(all.length - 1), (length) => {
        expect(restoring([all.subarray(0, length)])).toBe('LOG_DAMAGED');
      }),
      { numRuns: 100 },
    );
  });

  test('of garbage', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), (chunks) => {
        expect(restoring(chunks)).toBe('LOG_DAMAGED');
      }),
      { numRuns: 500 },
    );
  });
});
