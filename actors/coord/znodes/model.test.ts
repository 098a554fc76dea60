/** The state machine against a naive model, over random sequences of operations. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemberId, SessionIncarnation, Slot } from '../../../protocol/ids.ts';
import type { Operation, ZnodeOperation } from '../../../protocol/operations.ts';
import type { Applied, SnapshotReader, ZnodeState } from './contract.ts';
import { encodeEntry, encodeOperation } from './operation-codec.ts';
import {
  bytesOf,
  check,
  create,
  Driver,
  multi,
  openAclEntries,
  passwordOf,
  remove,
  removeStale,
  START_MS,
  sessionIdOf,
  set,
  setAcl,
  textOf,
} from './testing/driver.ts';
import { answerOf, NaiveModel } from './testing/naive-model.ts';
import { znodeStates } from './znodes.ts';

/** The last passes every check. */
const identities = [
  { scheme: 'digest', id: 'ann:hash' },
  { scheme: 'ip', id: '10.1.2.3' },
  { scheme: 'super', id: '' },
];
const tens = [{ permissions: 31, scheme: 'ip', id: '10.0.0.0/8' }];
const anns = [{ permissions: 31, scheme: 'digest', id: 'ann:hash' }];

const path = fc.constantFrom(
  '/',
  '/a',
  '/b',
  '/a/a',
  '/a/b',
  '/b/a',
  '/a/a/a',
  '/zookeeper',
  '/zookeeper/config/x',
  '/a/',
  'a',
  '//',
);
const text = fc.constantFrom('', null, 'x', 'data', 'y'.repeat(200));
const version = fc.constantFrom(-1, -1, -1, 0, 1, 2);
const acl = fc.constantFrom(openAclEntries, openAclEntries, openAclEntries, anns, tens, []);
const quotaPath = fc.constantFrom(
  '/zookeeper/quota/a/zookeeper_limits',
  '/zookeeper/quota/a/zookeeper_stats',
  '/zookeeper/quota/a/a/zookeeper_limits',
  '/zookeeper/quota/a',
);
/** Of `/a`, and of `/a/a` below it. */
const quotas = ['/zookeeper/quota/a', '/zookeeper/quota/a/a'].map((at, index) =>
  multi(
    create(at),
    create(`${at}/zookeeper_limits`, {
      data: `count=-1,bytes=-1=;byteHardLimit=${250 - index * 50};countHardLimit=${4 - index}`,
    }),
    create(`${at}/zookeeper_stats`),
  ),
);
const special = fc.constantFrom(
  {},
  {},
  { enforceQuota: true },
  { enforceQuota: true },
  { container: true },
  { ttlMs: 3 },
  { ttlMs: 1000 },
);
const znodeOperation: fc.Arbitrary<ZnodeOperation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(path, text, acl, fc.boolean(), fc.boolean(), special)
      .map(([at, data, entries, ephemeral, sequential, more]) =>
        create(at, { data, acl: entries, ephemeral, sequential, ...more }),
      ),
  },
  { weight: 2, arbitrary: path.map(removeStale) },
  { weight: 3, arbitrary: fc.tuple(path, version).map(([at, wanted]) => remove(at, wanted)) },
  { weight: 1, arbitrary: quotaPath.map((at) => remove(at)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(path, text, version, fc.boolean())
      .map(([at, data, wanted, enforceQuota]) => ({
        ...set(at, data, wanted),
        ...(enforceQuota ? { enforceQuota } : {}),
      })),
  },
  { weight: 1, arbitrary: fc.tuple(path, version).map(([at, wanted]) => check(at, wanted)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(path, acl, version)
      .map(([at, entries, wanted]) => setAcl(at, entries, wanted)),
  },
);

/** What is done next; numbers and incarnations are made from what the session has then. */
type Step =
  | {
      kind: 'write';
      session: number;
      body: Operation['body'];
      shift: number;
      old: boolean;
      /** How many of `identities`. */
      asking: number;
    }
  | { kind: 'begin'; session: number; again: boolean; wrong: boolean; numbered: boolean }
  | { kind: 'close'; session: number; expired: boolean; old: boolean }
  | { kind: 'garbage'; bytes: Uint8Array };

const session = fc.constantFrom(1, 2, 3);
const rarely = fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      session,
      body: fc.oneof(
        { weight: 3, arbitrary: znodeOperation as fc.Arbitrary<Operation['body']> },
        { weight: 1, arbitrary: fc.constantFrom(...quotas) },
        {
          weight: 1,
          arbitrary: fc
            .array(znodeOperation, { maxLength: 4 })
            .map((operations) => ({ kind: 'multi' as const, operations })),
        },
      ),
      shift: fc.constantFrom(0, 0, 0, 0, 0, 0, -1, -2, 1),
      old: rarely,
      asking: fc.constantFrom(0, 0, 1, 1, 2, 3),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('begin' as const),
      session,
      again: fc.boolean(),
      wrong: rarely,
      numbered: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      session,
      expired: fc.boolean(),
      old: rarely,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('garbage' as const),
      bytes: fc.uint8Array({ maxLength: 40 }),
    }),
  },
);

class Run {
  readonly model = new NaiveModel();
  readonly driver = new Driver();
  private tag = 0;

  take(next: Step): void {
    if (next.kind === 'garbage') {
      this.model.zxid += 1;
      const [applied] = this.driver.applyBytes(next.bytes);
      expect(applied).toMatchObject({ events: [], result: { error: { code: 'BAD_REQUEST' } } });
      return;
    }
    const operation = this.operation(next);
    const expected = this.model.apply(operation, this.driver.wallMs + 1);
    const applied = this.driver.apply(operation);
    expect(answerOf(applied.result)).toBe(expected);
    expect(applied.events.map((event) => `${event.type} ${event.path}`)).toEqual(this.model.events);
  }

  private operation(next: Exclude<Step, { kind: 'garbage' }>): Operation {
    const id = sessionIdOf(next.session);
    const known = this.model.sessions.get(id);
    const old = next.kind !== 'begin' && next.old;
    const base = {
      session: id,
      incarnation: ((known?.incarnation ?? 1) - (old ? 1 : 0)) as SessionIncarnation,
      number: 0,
      tag: 0,
      identities: [] as Operation['identities'],
    };
    switch (next.kind) {
      case 'write':
        return {
          ...base,
          number: Math.max(0, (known?.number ?? 0) + 1 + next.shift),
          identities: identities.slice(0, next.asking),
          body: next.body,
        };
      case 'close':
        return { ...base, body: { kind: 'closeSession', expired: next.expired } };
      case 'begin': {
        if (!next.again) this.tag += 1;
        const begun = {
          password: passwordOf(next.wrong ? 99 : next.session),
          timeoutMs: 10_000,
          holder: next.session as MemberId,
        };
        const body: Operation['body'] =
          known === undefined
            ? { kind: 'openSession', ...begun, clientNumbered: next.numbered }
            : { kind: 'attachSession', ...begun };
        return { ...base, incarnation: 0 as SessionIncarnation, tag: this.tag, body };
      }
      default:
        return next satisfies never;
    }
  }

  compare(state: ZnodeState = this.driver.state): void {
    const { model } = this;
    expect(state.zxid).toBe(model.zxid);
    expect(state.nodeCount).toBe(model.nodes.size);
    for (const [at, node] of model.nodes) {
      const { data, stat } = state.get(at, identities);
      const children = model.children(at);
      expect(textOf(data)).toBe(node.data);
      expect(stat).toEqual({
        czxid: node.czxid,
        mzxid: node.mzxid,
        pzxid: node.pzxid,
        ctimeMs: node.ctimeMs,
        mtimeMs: node.mtimeMs,
        version: node.version,
        cversion: node.cversion,
        aversion: node.aversion,
        ephemeralOwner: node.owner,
        dataLength: bytesOf(node.data).length,
        numChildren: children.length,
      });
      expect(state.children(at, identities).names).toEqual(children);
      expect(state.acl(at, identities).acl).toEqual(node.acl);
      expect(state.descendantCount(at)).toBe(model.below(at).length);
    }
    expect([...state.sessions()].map(({ id }) => id).sort()).toEqual(
      [...model.sessions.keys()].sort(),
    );
    const wallMs = this.driver.wallMs + 1;
    expect([...state.stale(wallMs, 1000)].sort()).toEqual(
      [...model.nodes.keys()].filter((at) => model.isStale(at, wallMs)).sort(),
    );
    for (const id of model.sessions.keys())
      expect(state.ephemerals(id as never)).toEqual(
        [...model.nodes].flatMap(([at, { owner }]) => (owner === id ? [at] : [])).sort(),
      );
    for (const [id, known] of model.sessions)
      expect(state.session(id as never)).toMatchObject({
        incarnation: known.incarnation,
        number: known.number,
        holder: known.holder,
        ephemeralCount: [...model.nodes.values()].filter(({ owner }) => owner === id).length,
      });
  }
}

function drain(reader: SnapshotReader): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) chunks.push(chunk);
  return chunks;
}

const steps = fc.array(step, { minLength: 1, maxLength: 60 });

describe('the state machine', () => {
  test('answers and looks like the naive model', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const run = new Run();
        for (const next of all) run.take(next);
        run.compare();
      }),
      { numRuns: 300 },
    );
  });

  test('has at every moment the digest that is computed anew from a snapshot', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const run = new Run();
        for (const next of all) {
          run.take(next);
          // `restore` computes every hash from the content and compares the sum.
          const restored = znodeStates.restore(drain(run.driver.state.snapshot(500)));
          expect(restored.digest()).toBe(run.driver.state.digest());
        }
      }),
      { numRuns: 40 },
    );
  });

  test('restored at any moment goes on like the one that was never stopped', () => {
    fc.assert(
      fc.property(steps, steps, (first, then) => {
        const run = new Run();
        for (const next of first) run.take(next);
        const { state } = run.driver;
        run.driver.state = znodeStates.restore(drain(state.snapshot(100)));
        for (const next of then) run.take(next);
        run.compare();
      }),
      { numRuns: 100 },
    );
  });

  test('shows in a snapshot the moment at which it began', () => {
    fc.assert(
      fc.property(steps, steps, fc.integer({ min: 20, max: 500 }), (first, then, chunkBytes) => {
        const run = new Run();
        for (const next of first) run.take(next);
        const expected = run.driver.state.digest();
        const reader = run.driver.state.snapshot(chunkBytes);
        const chunks: Uint8Array[] = [];
        for (const next of then) {
          const chunk = reader.next();
          if (chunk !== undefined) chunks.push(chunk);
          run.take(next);
        }
        chunks.push(...drain(reader));
        // `restore` fails when what it read does not have the digest of that moment.
        expect(znodeStates.restore(chunks).digest()).toBe(expected);
        run.compare();
      }),
      { numRuns: 100 },
    );
  });

  test('is the same where nobody asks for results, and however seldom its digest is asked for', () => {
    const looked = fc.record({ next: step, isAsked: fc.boolean(), isSummed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(looked, { minLength: 1, maxLength: 60 }), (all) => {
        const run = new Run();
        const { state } = run.driver;
        const other = znodeStates.empty({ members: [] });
        let [isAsked, told]: [boolean, Applied[]] = [true, []];
        const apply = state.apply.bind(state);
        state.apply = (slot, entry) => {
          told = [];
          other.applyEach(slot, entry, {
            isAsked: () => isAsked,
            applied: (one) => told.push(one),
          });
          const applied = apply(slot, entry);
          const isTold = (one: Applied) => isAsked || one.result.kind === 'error' || one.repeat;
          const tellable = (one: Applied, index: number) =>
            isTold(applied[index]!) ? one : { ...one, result: undefined };
          expect(told.map(tellable)).toEqual(applied.map(tellable));
          return applied;
        };
        for (const one of all) {
          isAsked = one.isAsked;
          run.take(one.next);
          if (one.isSummed) expect(other.digest()).toBe(state.digest());
        }
        expect(drain(other.snapshot(500))).toEqual(drain(state.snapshot(500)));
      }),
      { numRuns: 100 },
    );
  });

  test('is the same whether operations come one or many to a slot, but for the slots', () => {
    fc.assert(
      fc.property(fc.array(znodeOperation, { minLength: 1, maxLength: 30 }), (operations) => {
        const one = new Driver();
        const many = new Driver();
        const sessions = [one.open(), many.open()] as const;
        const bytes = operations.map((body, index) =>
          encodeOperation(sessions[0].operation(body, { number: index + 1 })),
        );
        const apart = bytes.flatMap((each, index) =>
          one.state.apply((index + 2) as Slot, encodeEntry(START_MS, [each])),
        );
        expect(many.state.apply(2 as Slot, encodeEntry(START_MS, bytes))).toEqual(apart);
        for (let slot = 3; slot <= one.state.slot; slot++) many.state.applyOther(slot as Slot);
        expect(many.state.digest()).toBe(one.state.digest());
      }),
      { numRuns: 100 },
    );
  });
});

describe('bytes that are no entry', () => {
  test('never throw out of apply and change nothing but the counters', () => {
    const driver = new Driver();
    const own = driver.open();
    own.write(create('/a', { data: 'x' }));
    // Session, incarnation and number are all wrong, so that no single other byte makes them right.
    const stranger = { ...own.operation(set('/a', 'y')), session: sessionIdOf(9), number: 9 };
    const good = encodeEntry(START_MS, [
      encodeOperation({ ...stranger, incarnation: 9 as SessionIncarnation }),
      encodeOperation({
        ...stranger,
        incarnation: 9 as SessionIncarnation,
        body: multi(remove('/a')),
      }),
    ]);
    const before = driver.state.get('/a', []);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.tuple(fc.nat(good.length - 1), fc.nat(12)).map(([at, value]) => {
            const bytes = new Uint8Array(good);
            bytes[at] = value;
            return bytes;
          }),
          fc.nat(good.length).map((length) => good.subarray(0, length)),
        ),
        (bytes) => {
          const slot = (driver.state.slot + 1) as Slot;
          for (const { result } of driver.state.apply(slot, bytes))
            expect(result.kind).toBe('error');
          expect(driver.state.get('/a', [])).toEqual(before);
        },
      ),
      { numRuns: 2000, examples: [[new Uint8Array(0)], [good]] },
    );
  });

  test('do not follow on a slot that is missing', () => {
    const { state } = new Driver();
    expect(() => state.apply(2 as Slot, encodeEntry(START_MS, []))).toThrow('does not follow');
    expect(() => state.applyOther(0 as Slot)).toThrow('does not follow');
  });
});
