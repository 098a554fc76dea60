import { describe, expect, test } from 'vitest';
import type { Slot } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import { permissions, type Stat, type ZnodeOperation } from '../../../protocol/operations.ts';
import { encodeEntry, encodeOperation } from './operation-codec.ts';
import {
  bytesOf,
  check,
  create,
  Driver,
  openAclEntries,
  remove,
  START_MS,
  set,
  setAcl,
  type TestSession,
  textOf,
} from './testing/driver.ts';
import { sequenceName } from './writes.ts';

/** /open and below for everybody; /closed has no permissions at all; /temp is ephemeral. */
function prepared(): { driver: Driver; session: TestSession } {
  const driver = new Driver();
  const session = driver.open();
  const nobody = [{ permissions: permissions.all, scheme: 'digest', id: 'nobody:hash' }];
  for (const operation of [
    create('/open', { data: 'one' }),
    create('/open/child'),
    set('/open', 'two'),
    create('/closed'),
    create('/closed/child'),
    setAcl('/closed/child', nobody),
    setAcl('/closed', nobody),
    create('/temp', { ephemeral: true }),
  ])
    expect(session.outcome(operation)).not.toMatch(/^[A-Z]/);
  return { driver, session };
}

const large = 'x'.repeat(limits.znodeDataBytes + 1);
const longPath = `/${'p'.repeat(limits.pathBytes)}`;
const someAcl = openAclEntries;

const outcomes: [string, ZnodeOperation, string][] = [
  ['create', create('/new'), 'created'],
  ['create below another', create('/open/new', { data: 'x' }), 'created'],
  ['create without a parent', create('/none/new'), 'NO_NODE'],
  ['create what exists', create('/open'), 'NODE_EXISTS'],
  ['create the root', create('/'), 'NODE_EXISTS'],
  ['create below an ephemeral', create('/temp/new'), 'NO_CHILDREN_FOR_EPHEMERALS'],
  ['create without CREATE on the parent', create('/closed/new'), 'NO_AUTH'],
  ['create what exists without permission', create('/closed/child'), 'NO_AUTH'],
  ['create below the configuration', create('/zookeeper/config/new'), 'NO_AUTH'],
  ['create with an empty ACL', create('/new', { acl: [] }), 'INVALID_ACL'],
  ['create with too much data', create('/new', { data: large }), 'PAYLOAD_TOO_LARGE'],
  ['create with a relative path', create('new'), 'BAD_PATH'],
  ['create with an empty path', create(''), 'BAD_PATH'],
  ['create with a slash at the end', create('/open/'), 'BAD_PATH'],
  ['create below a path with a slash at the end', create('/open/new/'), 'NO_NODE'],
  ['create with two slashes', create('/open//new'), 'NO_NODE'],
  ['create without a slash', create('open'), 'BAD_PATH'],
  ['create with ..', create('/open/..'), 'BAD_PATH'],
  ['create with a null character', create('/open/\u0000'), 'BAD_PATH'],
  ['create with a long path', create(longPath), 'BAD_PATH'],
  ['create a sequential node', create('/open/s-', { sequential: true }), 'created'],
  ['create a nameless sequential node', create('/open/', { sequential: true }), 'created'],
  ['create a sequential node in the root', create('/', { sequential: true }), 'created'],
  [
    'create a sequential node whose whole path is too long',
    create(longPath.slice(0, -5), { sequential: true }),
    'BAD_PATH',
  ],
  ['delete', remove('/open/child'), 'deleted'],
  ['delete with the right version', remove('/open/child', 0), 'deleted'],
  ['delete what is not there', remove('/none'), 'NO_NODE'],
  ['delete with children', remove('/open'), 'NOT_EMPTY'],
  ['delete with another version', remove('/open/child', 1), 'BAD_VERSION'],
  ['delete with children and another version', remove('/open', 7), 'BAD_VERSION'],
  ['delete without DELETE on the parent', remove('/closed/child'), 'NO_AUTH'],
  ['delete the root', remove('/'), 'BAD_REQUEST'],
  ['delete /zookeeper', remove('/zookeeper'), 'BAD_REQUEST'],
  ['delete /zookeeper/quota', remove('/zookeeper/quota'), 'BAD_REQUEST'],
  ['delete /zookeeper/config', remove('/zookeeper/config'), 'BAD_REQUEST'],
  ['delete with a bad path', remove('open'), 'BAD_PATH'],
  ['delete with a final slash', remove('/open/'), 'NO_NODE'],
  ['set', set('/open', 'x'), 'stat'],
  ['set with the right version', set('/open', 'x', 1), 'stat'],
  ['set with another version', set('/open', 'x', 0), 'BAD_VERSION'],
  ['set with a version below -1', set('/open', 'x', -2), 'BAD_VERSION'],
  ['set what is not there', set('/none', 'x'), 'NO_NODE'],
  ['set without WRITE', set('/closed', 'x'), 'NO_AUTH'],
  ['set the configuration', set('/zookeeper/config', 'x'), 'NO_AUTH'],
  ['set the root', set('/', 'x'), 'stat'],
  ['set too much data', set('/open', large), 'PAYLOAD_TOO_LARGE'],
  ['set as much data as allowed', set('/open', large.slice(1)), 'stat'],
  ['set with a bad path', set('open', 'x'), 'BAD_PATH'],
  ['check', check('/open'), 'checked'],
  ['check the right version', check('/open', 1), 'checked'],
  ['check another version', check('/open', 0), 'BAD_VERSION'],
  ['check what is not there', check('/none'), 'NO_NODE'],
  ['check without READ', check('/closed'), 'NO_AUTH'],
  ['check with a bad path', check('/./open'), 'BAD_PATH'],
  ['setAcl', setAcl('/open', someAcl), 'stat'],
  ['setAcl with the right aversion', setAcl('/open', someAcl, 0), 'stat'],
  ['setAcl with another aversion', setAcl('/open', someAcl, 1), 'BAD_VERSION'],
  ['setAcl with an empty ACL', setAcl('/open', []), 'INVALID_ACL'],
  ['setAcl with an empty ACL of what is not there', setAcl('/none', []), 'INVALID_ACL'],
  ['setAcl of what is not there', setAcl('/none', someAcl), 'NO_NODE'],
  ['setAcl without ADMIN', setAcl('/closed', someAcl), 'NO_AUTH'],
  ['setAcl with a bad path', setAcl('/a//b', someAcl), 'BAD_PATH'],
];

describe('one write', () => {
  test.each(outcomes)('%s', (_, operation, expected) => {
    const { driver, session } = prepared();
    const before = wholeTree(driver);
    expect(session.outcome(operation)).toBe(expected);
    const isError = /^[A-Z]/.test(expected);
    if (isError || operation.kind === 'check') expect(wholeTree(driver)).toEqual(before);
    else expect(wholeTree(driver)).not.toEqual(before);
  });

  test('takes the next zxid, also one that fails', () => {
    const { driver, session } = prepared();
    const before = driver.state.zxid;
    expect(session.write(remove('/none')).zxid).toBe(before + 1);
    expect(session.write(create('/new')).zxid).toBe(before + 2);
    expect(driver.state.zxid).toBe(before + 2);
  });
});

/** Data, Stat and ACL of every node; ACLs are read with all the rights there are. */
function wholeTree(driver: Driver): unknown {
  const identities = [{ scheme: 'digest', id: 'nobody:hash' }];
  const found: Record<string, unknown> = {};
  const walk = (path: string): void => {
    const { data, stat } = driver.state.get(path, identities);
    const { acl } = driver.state.acl(path, identities);
    found[path] = { data: textOf(data), stat, acl };
    for (const name of driver.state.children(path, identities).names)
      walk(path === '/' ? `/${name}` : `${path}/${name}`);
  };
  walk('/');
  return found;
}

describe('the Stat', () => {
  test('of a new node', () => {
    const { driver, session } = prepared();
    const { zxid, result } = session.write(create('/new', { data: 'four' }));
    const now = driver.wallMs;
    const stat: Stat = {
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctimeMs: now,
      mtimeMs: now,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: '',
      dataLength: 4,
      numChildren: 0,
    };
    expect(result).toEqual({ kind: 'created', path: '/new', stat });
    expect(driver.state.exists('/new')).toEqual(stat);
  });

  test('of an ephemeral names its session', () => {
    const { driver, session } = prepared();
    expect(driver.state.exists('/temp')?.ephemeralOwner).toBe(session.id);
  });

  test('after a change of the data has a new version, mzxid, mtime and length', () => {
    const { driver, session } = prepared();
    const before = driver.state.exists('/open')!;
    const { zxid } = session.write(set('/open', 'three'));
    expect(driver.state.exists('/open')).toEqual({
      ...before,
      mzxid: zxid,
      mtimeMs: driver.wallMs,
      version: before.version + 1,
      dataLength: 5,
    });
    expect(textOf(driver.state.get('/open', []).data)).toBe('three');
  });

  test('after a change of the ACL has a new aversion and nothing else', () => {
    const { driver, session } = prepared();
    const before = driver.state.exists('/open')!;
    session.write(setAcl('/open', someAcl));
    expect(driver.state.exists('/open')).toEqual({ ...before, aversion: before.aversion + 1 });
  });

  test('of a parent counts the creations and deletions of children', () => {
    const { driver, session } = prepared();
    const before = driver.state.exists('/open')!;
    session.write(create('/open/a'));
    const { zxid: deleted } = session.write(remove('/open/a'));
    session.write(create('/open/child/grandchild'));
    session.write(set('/open/child', 'x'));
    expect(driver.state.exists('/open')).toEqual({
      ...before,
      cversion: before.cversion + 2,
      pzxid: deleted,
    });
  });
});

describe('sequential names', () => {
  test('count every creation below the parent, never deletions', () => {
    const driver = new Driver();
    const session = driver.open();
    const made = (operation: ZnodeOperation): string => {
      const { result } = session.write(operation);
      return result.kind === 'created' ? result.path : JSON.stringify(result);
    };
    expect(made(create('/p'))).toBe('/p');
    expect(made(create('/p/a-', { sequential: true }))).toBe('/p/a-0000000000');
    expect(made(create('/p/plain'))).toBe('/p/plain');
    expect(made(create('/p/b-', { sequential: true }))).toBe('/p/b-0000000002');
    session.write(remove('/p/plain'));
    session.write(remove('/p/b-0000000002'));
    expect(made(create('/p/', { sequential: true, ephemeral: true }))).toBe('/p/0000000003');
    expect(session.outcome(create('/p/a-0000000000'))).toBe('NODE_EXISTS');
    expect(made(create('/p/a-', { sequential: true }))).toBe('/p/a-0000000004');
  });

  test('that exist already are refused, and the number is not used up', () => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/p'));
    session.write(create('/p/a-0000000001'));
    expect(session.outcome(create('/p/a-', { sequential: true }))).toBe('NODE_EXISTS');
    expect(session.outcome(create('/p/b-', { sequential: true }))).toBe('created');
    expect(driver.state.children('/p', []).names).toEqual(['a-0000000001', 'b-0000000001']);
  });

  test.each([
    [0, '0000000000'],
    [42, '0000000042'],
    [2 ** 31 - 1, '2147483647'],
    [2 ** 31, '-2147483648'],
    [2 ** 32 - 1, '-000000001'],
    [2 ** 32, '0000000000'],
  ])('are %%010d of a 32-bit number: %i is %s', (creates, name) => {
    expect(sequenceName(creates)).toBe(name);
  });
});

describe('events', () => {
  test.each<[string, ZnodeOperation, string[]]>([
    ['create', create('/open/new'), ['created /open/new', 'childrenChanged /open']],
    ['create in the root', create('/new'), ['created /new', 'childrenChanged /']],
    ['delete', remove('/open/child'), ['deleted /open/child', 'childrenChanged /open']],
    ['set', set('/open', 'x'), ['dataChanged /open']],
    ['setAcl', setAcl('/open', someAcl), []],
    ['check', check('/open'), []],
    ['what fails', create('/open'), []],
  ])('of %s', (_, operation, expected) => {
    const { session } = prepared();
    const { events } = session.write(operation);
    expect(events.map(({ type, path }) => `${type} ${path}`)).toEqual(expected);
  });
});

describe('data', () => {
  test('of a small node are a copy: nothing of the entry stays alive for them', () => {
    const driver = new Driver();
    const session = driver.open();
    const operation = session.operation(create('/small', { data: 'small' }), { number: 1 });
    const entry = encodeEntry(START_MS, [encodeOperation(operation)]);
    driver.state.apply((driver.state.slot + 1) as Slot, entry);
    entry.fill(0);
    expect(textOf(driver.state.get('/small', []).data)).toBe('small');
  });

  test('of a large node keep no entry alive that is much larger', () => {
    const driver = new Driver();
    const session = driver.open();
    const large = create('/large', { data: 'x'.repeat(5000) });
    const other = create('/other', { data: 'y'.repeat(100_000) });
    driver.applyBytes(
      encodeOperation(session.operation(large, { number: 1 })),
      encodeOperation(session.operation(other, { number: 2 })),
    );
    expect(driver.state.get('/large', []).data.buffer.byteLength).toBe(5000);
    // Nearly all of that entry is this node's: it is not copied.
    expect(driver.state.get('/other', []).data.buffer.byteLength).toBeLessThan(110_000);
  });

  test.each([0, 1, 1023, 1024, 1025, 100_000])('of %i bytes come back as they went in', (size) => {
    const driver = new Driver();
    const session = driver.open();
    const data = Uint8Array.from({ length: size }, (_, index) => index & 0xff);
    session.write({ ...create('/a'), data } as ZnodeOperation);
    expect(driver.state.get('/a', []).data).toEqual(data);
    expect(driver.state.exists('/a')?.dataLength).toBe(size);
  });

  test('may be empty', () => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/empty'));
    expect(driver.state.get('/empty', []).data).toEqual(bytesOf(''));
  });
});
