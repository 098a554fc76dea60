/** The counters of 32 bits at their end, as ZooKeeper's go on: sequence numbers below zero, versions past -1. */
import { expect, test } from 'vitest';
import type { SessionId, SessionIncarnation, Zxid } from '../../../protocol/ids.ts';
import type { OperationResult, ZnodeOperation } from '../../../protocol/operations.ts';
import { openAcl } from './acl.ts';
import { NO_DATA } from './data.ts';
import { Session } from './sessions.ts';
import { create, set, setAcl } from './testing/driver.ts';
import { type NodeRecord, Tree } from './tree.ts';
import { writeZnode } from './writes.ts';

const LAST = 2 ** 31 - 1;

/** Writes on /a, whose counters stand where they are told to. */
function writesOn(counters: Partial<NodeRecord>) {
  const tree = Tree.initial();
  const zxid = 0 as Zxid;
  const first = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctimeMs: 0, mtimeMs: 0 };
  const fresh = { version: 0, aversion: 0, creates: 0, owner: '', container: false, ttlMs: 0 };
  tree.restore({
    ...{ path: '/a', data: NO_DATA, acl: openAcl },
    ...first,
    ...fresh,
    ...counters,
  } as NodeRecord);
  const session = new Session({
    ...{ id: '0000000000000001' as SessionId, password: new Uint8Array(16), timeoutMs: 1000 },
    ...{ clientNumbered: false, ofMember: false, holder: 1 as never, number: 0, beginnings: [] },
    incarnation: 1 as SessionIncarnation,
  });
  const write = (operation: ZnodeOperation): OperationResult =>
    writeZnode(
      { tree, zxid, wallMs: 0, session, identities: [], isAsked: true, events: [] },
      operation,
    );
  return { tree, write };
}

const shown = (result: OperationResult) => {
  if (result.kind === 'created') return result.path;
  return result.kind === 'stat' ? result.stat : result.kind;
};

test('sequence numbers go on below zero', () => {
  const { write } = writesOn({ creates: LAST });
  const next = () => shown(write(create('/a/s-', { sequential: true })));
  expect([next(), next(), next()]).toEqual([
    '/a/s-2147483647',
    '/a/s--2147483648',
    '/a/s--2147483647',
  ]);
});

test('they come to the shortest ones, and to zero again', () => {
  const { write } = writesOn({ creates: 2 ** 32 - 1 });
  const next = () => shown(write(create('/a/s-', { sequential: true })));
  expect([next(), next()]).toEqual(['/a/s--000000001', '/a/s-0000000000']);
});

test('cversion overflows as a whole', () => {
  const { tree, write } = writesOn({ creates: LAST });
  write(create('/a/c'));
  // 2 × 2^31 creations, less one child.
  expect(tree.find('/a')!.stat().cversion).toBe(-1);
});

test.each([
  ['from the greatest to the least', LAST, -(2 ** 31)],
  ['below zero', -7, -6],
  ['over -1, which in requests is any version', -2, 0],
])('versions go on %s', (_, version, next) => {
  const { write } = writesOn({ version, aversion: version });
  expect(shown(write(set('/a', 'x', version)))).toMatchObject({ version: next });
  expect(shown(write(setAcl('/a', openAcl.entries, version)))).toMatchObject({ aversion: next });
  expect(shown(write(set('/a', 'y', version)))).toBe('error');
});
