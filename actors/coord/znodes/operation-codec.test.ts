import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import type { MemberId, SessionId, SessionIncarnation } from '../../../protocol/ids.ts';
import type { Operation, ZnodeOperation } from '../../../protocol/operations.ts';
import { decodeEntry, decodeOperation, encodeEntry, encodeOperation } from './operation-codec.ts';
import { create, multi, openAclEntries, set } from './testing/driver.ts';

const text = fc.string({ unit: 'binary', maxLength: 200 });
const path = fc.oneof(text, fc.constant(`/${'x'.repeat(4096)}`), fc.constant('/ä/漢字'));
const data = fc.option(fc.uint8Array({ maxLength: 300 }));
const version = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const acl = fc.oneof(
  fc.constant(openAclEntries),
  fc.array(fc.record({ permissions: fc.integer(), scheme: text, id: text }), { maxLength: 5 }),
);
const password = fc.uint8Array({ minLength: 0, maxLength: 20 });
const count = fc.maxSafeNat();
const holder = fc.nat(300).map((id) => id as MemberId);

const znodeOperation: fc.Arbitrary<ZnodeOperation> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('create' as const),
      path,
      data,
      acl,
      ephemeral: fc.boolean(),
      sequential: fc.boolean(),
      container: fc.constant(true),
      ttlMs: fc.maxSafeNat(),
      enforceQuota: fc.constant(true),
    },
    { requiredKeys: ['kind', 'path', 'data', 'acl', 'ephemeral', 'sequential'] },
  ),
  fc.record({ kind: fc.constant('removeStale' as const), path }),
  fc.record({ kind: fc.constant('delete' as const), path, version }),
  fc.record(
    { kind: fc.constant('set' as const), path, data, version, enforceQuota: fc.constant(true) },
    { requiredKeys: ['kind', 'path', 'data', 'version'] },
  ),
  fc.record({ kind: fc.constant('check' as const), path, version }),
  fc.record({ kind: fc.constant('setAcl' as const), path, acl, aversion: version }),
);

const body: fc.Arbitrary<Operation['body']> = fc.oneof(
  { weight: 5, arbitrary: znodeOperation },
  fc.record({
    kind: fc.constant('multi' as const),
    operations: fc.array(znodeOperation, { maxLength: 6 }),
  }),
  fc.record({
    kind: fc.constant('openSession' as const),
    password,
    timeoutMs: count,
    holder,
    clientNumbered: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('attachSession' as const),
    password,
    timeoutMs: count,
    holder,
  }),
  fc.record({ kind: fc.constant('closeSession' as const), expired: fc.boolean() }),
  fc.record({ kind: fc.constant('memberSession' as const), holder }),
);

const operation: fc.Arbitrary<Operation> = fc.record({
  session: fc.stringMatching(/^[0-9a-f]{16}$/).map((id) => id as SessionId),
  incarnation: count.map((value) => value as SessionIncarnation),
  number: count,
  tag: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  identities: fc.array(fc.record({ scheme: text, id: text }), { maxLength: 3 }),
  body,
});

const sample: Operation = {
  session: '00000000000000ff' as SessionId,
  incarnation: 3 as SessionIncarnation,
  number: 7,
  tag: 2 ** 32 - 1,
  identities: [{ scheme: 'digest', id: 'user:hash' }],
  body: set('/a', 'data'),
};

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MesozooError) return error.code;
    throw error;
  }
  return 'none';
}

describe('operations', () => {
  test('come back as they went in', () => {
    fc.assert(
      fc.property(operation, (given) => {
        expect(decodeOperation(encodeOperation(given))).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  test('of garbage are refused with BAD_REQUEST and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['BAD_REQUEST', 'none']).toContain(codeOf(() => decodeOperation(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  test('with a byte changed are refused with BAD_REQUEST, or are another operation', () => {
    fc.assert(
      fc.property(operation, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
        const bytes = encodeOperation(given);
        bytes[at % bytes.length]! ^= change;
        expect(['BAD_REQUEST', 'none']).toContain(codeOf(() => decodeOperation(bytes)));
      }),
      { numRuns: 1000 },
    );
  });

  test('cut short anywhere, or with a byte too many, are refused', () => {
    for (const body of [sample.body, multi(create('/a', { data: 'x' }), set('/a', 'y'))]) {
      const bytes = encodeOperation({ ...sample, body });
      for (let length = 0; length < bytes.length; length++)
        expect(codeOf(() => decodeOperation(bytes.subarray(0, length)))).toBe('BAD_REQUEST');
      expect(codeOf(() => decodeOperation(new Uint8Array([...bytes, 0])))).toBe('BAD_REQUEST');
    }
  });

  test('lie anywhere within a larger buffer', () => {
    const bytes = encodeOperation(sample);
    const larger = new Uint8Array(bytes.length + 20).fill(255);
    larger.set(bytes, 7);
    expect(decodeOperation(larger.subarray(7, 7 + bytes.length))).toEqual(sample);
  });

  test('that say they hold a million others cost nothing', () => {
    const bytes = encodeOperation({ ...sample, body: multi() });
    const huge = new Uint8Array([...bytes.subarray(0, -1), 0xff, 0xff, 0xff, 0x7f]);
    expect(codeOf(() => decodeOperation(huge))).toBe('BAD_REQUEST');
  });

  test.each([
    ['a session id that is not 16 hex digits', { session: '12' as SessionId }],
    ['a session id of more', { session: '0123456789abcdef0' as SessionId }],
    ['no session id', { session: '' as SessionId }],
    ['a negative number', { number: -1 }],
    ['a number that is not whole', { number: 1.5 }],
    ['a version beyond 32 bits', { body: set('/a', 'x', 2 ** 31) }],
  ])('with %s are faults of the encoder', (_, changes) => {
    // The second time as well: what was refused is not remembered.
    for (let time = 1; time <= 2; time++)
      expect(() => encodeOperation({ ...sample, ...changes })).toThrow();
  });
});

describe('entries', () => {
  test('come back as they went in, with whole milliseconds', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 2 ** 47, noNaN: true }),
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        (wallMs, operations) => {
          const decoded = decodeEntry(encodeEntry(wallMs, operations));
          expect(decoded.wallMs).toBe(Math.floor(wallMs));
          expect(decoded.operations.map((bytes) => [...bytes])).toEqual(
            operations.map((bytes) => [...bytes]),
          );
        },
      ),
    );
  });

  test('of garbage are refused with BAD_REQUEST and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(['BAD_REQUEST', 'none']).toContain(codeOf(() => decodeEntry(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 48])(
    'cannot be made for the time %s',
    (wallMs) => {
      expect(() => encodeEntry(wallMs, [])).toThrow('wall time');
    },
  );
});
