import { describe, expect, test } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import { type AclEntry, type Identity, permissions } from '../../../protocol/operations.ts';
import { aclOf, aclProblem, allows } from './acl.ts';
import { create, Driver, remove, set, setAcl, type TestSession } from './testing/driver.ts';

const { read, write, create: mayCreate, delete: mayDelete, admin, all } = permissions;
const world = (granted: number): AclEntry => ({
  permissions: granted,
  scheme: 'world',
  id: 'anyone',
});
const digest = (granted: number, id = 'ann:hash'): AclEntry => ({
  permissions: granted,
  scheme: 'digest',
  id,
});
const ann: Identity = { scheme: 'digest', id: 'ann:hash' };
const bob: Identity = { scheme: 'digest', id: 'bob:hash' };

describe('validity', () => {
  test.each<[string, readonly AclEntry[], boolean]>([
    ['world', [world(all)], true],
    ['digest', [digest(all)], true],
    ['both', [world(read), digest(all)], true],
    ['an empty user', [digest(all, ':hash')], true],
    ['as many entries as allowed', Array(limits.aclEntries).fill(world(read)), true],
    ['none', [], false],
    ['too many entries', Array(limits.aclEntries + 1).fill(world(read)), false],
    ['no permissions', [world(0)], true],
    ['unknown permissions', [world(-1)], true],
    ['world with another id', [{ ...world(all), id: 'someone' }], false],
    ['digest without a hash', [digest(all, 'ann')], false],
    ['digest with an empty hash', [digest(all, 'ann:')], false],
    ['digest with two colons', [digest(all, 'ann:ha:sh')], false],
    ['a long id', [digest(all, `ann:${'x'.repeat(600)}`)], false],
    ['an address', [{ permissions: all, scheme: 'ip', id: '127.0.0.1' }], true],
    ['addresses', [{ permissions: all, scheme: 'ip', id: '2001:db8::/32' }], true],
    ['no address', [{ permissions: all, scheme: 'ip', id: 'host' }], false],
    ['a certificate', [{ permissions: all, scheme: 'x509', id: 'CN=ann,O=x' }], true],
    ['a principal', [{ permissions: all, scheme: 'sasl', id: 'ann@REALM' }], true],
    ['a service', [{ permissions: all, scheme: 'sasl', id: 'kafka/host.of@REALM' }], true],
    ['a realm in the middle', [{ permissions: all, scheme: 'sasl', id: 'ann@REALM/host' }], false],
    ['two realms', [{ permissions: all, scheme: 'sasl', id: 'ann@REALM@OTHER' }], false],
    ['no principal', [{ permissions: all, scheme: 'sasl', id: '' }], false],
    ['the scheme super', [{ permissions: all, scheme: 'super', id: 'x' }], false],
    ['the scheme auth', [{ permissions: all, scheme: 'auth', id: '' }], false],
    ['one bad among good ones', [world(all), digest(all), digest(all, 'me')], false],
  ])('%s', (_, entries, valid) => {
    expect(aclProblem(entries) === undefined).toBe(valid);
    const session = new Driver().open();
    session.write(create('/there'));
    expect(session.outcome(create('/new', { acl: entries }))).toBe(
      valid ? 'created' : 'INVALID_ACL',
    );
    expect(session.outcome(setAcl('/there', entries))).toBe(valid ? 'stat' : 'INVALID_ACL');
  });

  test('exact duplicates are merged, the order is kept', () => {
    const entries = [digest(read), world(read), digest(read), digest(write), world(read)];
    expect(aclOf(entries).entries).toEqual([digest(read), world(read), digest(write)]);
  });

  test('equal ACLs are one object', () => {
    expect(aclOf([digest(read)])).toBe(aclOf([digest(read)]));
    expect(aclOf([world(all)])).not.toBe(aclOf([world(read)]));
  });
});

const tens = { permissions: write, scheme: 'ip', id: '10.0.0.0/8' };

describe('who may what', () => {
  test.each<[string, readonly AclEntry[], number, readonly Identity[], boolean]>([
    ['anybody what the world may', [world(read)], read, [], true],
    ['nobody what the world may not', [world(read)], write, [], false],
    ['who is named', [digest(write)], write, [ann], true],
    ['who is not named', [digest(write)], write, [bob], false],
    ['who has several identities', [digest(write)], write, [bob, ann], true],
    ['who is named for something else', [digest(write)], read, [ann], false],
    ['any of several permissions', [digest(admin)], read | admin, [ann], true],
    ['not by the id alone', [digest(read)], read, [{ scheme: 'ip', id: 'ann:hash' }], false],
    ['who comes from there', [tens], write, [{ scheme: 'ip', id: '10.1.2.3' }], true],
    ['who comes from elsewhere', [tens], write, [{ scheme: 'ip', id: '11.1.2.3' }], false],
    [
      'the user super of SASL',
      [{ ...tens, scheme: 'sasl', id: 'ann' }],
      write,
      [{ scheme: 'sasl', id: 'super' }],
      true,
    ],
    ['the user super of SASL elsewhere', [tens], write, [{ scheme: 'sasl', id: 'super' }], false],
    ['who has the name only', [tens], write, [{ scheme: 'sasl', id: '10.1.2.3' }], false],
    ['who is super', [digest(write)], admin, [bob, { scheme: 'super', id: '' }], true],
    ['by the second entry', [world(read), digest(write)], write, [ann], true],
  ])('%s', (_, entries, wanted, identities, expected) => {
    expect(allows(aclOf(entries), wanted, identities)).toBe(expected);
  });
});

/** Each action needs one permission, on the node or on its parent. */
const actions: [string, 'node' | 'parent', number, (session: TestSession, d: Driver) => string][] =
  [
    ['create', 'parent', mayCreate, (session) => session.outcome(create('/parent/new'))],
    ['delete', 'parent', mayDelete, (session) => session.outcome(remove('/parent/node'))],
    ['set', 'node', write, (session) => session.outcome(set('/parent/node', 'x'))],
    ['setAcl', 'node', admin, (session) => session.outcome(setAcl('/parent/node', [world(all)]))],
    ['check', 'node', read, (session) => session.outcome(checkNode)],
    ['get', 'node', read, reading((d, s) => d.state.get('/parent/node', s.identities))],
    ['children', 'node', read, reading((d, s) => d.state.children('/parent/node', s.identities))],
    ['getAcl', 'node', read, reading((d, s) => d.state.acl('/parent/node', s.identities))],
  ];
const checkNode = { kind: 'check', path: '/parent/node', version: -1 } as const;

function reading(read: (driver: Driver, session: TestSession) => unknown) {
  return (session: TestSession, driver: Driver): string => {
    try {
      read(driver, session);
      return 'read';
    } catch (error) {
      return (error as MesozooError).code;
    }
  };
}

describe('each action needs its permission', () => {
  const granted = (where: 'node' | 'parent', acl: readonly AclEntry[]) => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/parent', { acl: where === 'parent' ? acl : [world(all)] }));
    session.identities = [ann];
    session.write(create('/parent/node', { acl: where === 'node' ? acl : [world(all)] }));
    return { driver, session };
  };

  test.each(actions)('%s, on the %s', (_, where, permission, act) => {
    const enough = granted(where, [digest(permission | mayCreate), world(mayCreate)]);
    expect(act(enough.session, enough.driver)).not.toBe('NO_AUTH');
    if (permission === mayCreate) return;
    const others = granted(where, [digest(all & ~permission & ~admin), world(mayCreate)]);
    expect(act(others.session, others.driver)).toBe('NO_AUTH');
    const stranger = granted(where, [digest(all), world(mayCreate)]);
    stranger.session.identities = [bob];
    expect(act(stranger.session, stranger.driver)).toBe('NO_AUTH');
  });

  test('exists needs none', () => {
    const driver = new Driver();
    driver.open().write(create('/secret', { acl: [digest(all)] }));
    expect(driver.state.exists('/secret')?.version).toBe(0);
  });
});

describe('getAcl', () => {
  const entries = [digest(all), world(read), digest(read, 'bob:other')];
  const secret = () => {
    const driver = new Driver();
    driver.open().write(create('/a', { acl: entries }));
    return driver;
  };

  test('shows everything to who has ADMIN', () => {
    expect(secret().state.acl('/a', [ann]).acl).toEqual(entries);
  });

  test('hides the hashes from others', () => {
    expect(secret().state.acl('/a', [bob]).acl).toEqual([
      digest(all, 'ann:x'),
      world(read),
      digest(read, 'bob:x'),
    ]);
  });

  test('is for those with READ or ADMIN', () => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/a', { acl: [digest(admin), world(write)] }));
    expect(driver.state.acl('/a', [ann]).acl).toHaveLength(2);
    expect(() => driver.state.acl('/a', [bob])).toThrow(MesozooError);
  });
});
