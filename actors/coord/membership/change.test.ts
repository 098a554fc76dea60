import { describe, expect, it } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import type { DiskId, MemberId } from '../../../protocol/ids.ts';
import type { QuorumMember } from '../../../protocol/operations.ts';
import { type Servers, serversAfter, withAddresses } from './change.ts';

const member = (id: number, address = `h${id}:2888:3888;h${id}:2181`): QuorumMember => ({
  id: id as MemberId,
  disk: `d${id}` as DiskId,
  address,
});
const three = [member(1), member(2), member(3)];
const nothing = { joining: null, leaving: null, newMembers: null };
const diskOf = (id: MemberId) => (id === 4 ? ('d4' as DiskId) : undefined);
const LINE_4 = 'server.4=h4:2888:3888:participant;h4:2181';

const OBSERVER_4 = LINE_4.replace('participant', 'observer');
const observer = (id: number) => ({ id: id as MemberId, address: member(id).address! });

function serversOf(wanted: Partial<typeof nothing> | Record<string, string>, present: Servers) {
  return serversAfter(present, { ...nothing, ...wanted }, diskOf);
}

/** Without observers. */
function changed(wanted: Partial<typeof nothing> | Record<string, string>) {
  const { members, observers } = serversOf(wanted, { members: three });
  expect(observers).toBeUndefined();
  return members;
}

function observerLines(...ids: number[]): string {
  return ids.map((id) => `server.${id}=h${id}:2888:3888:observer;h${id}:2181`).join();
}

function code(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof MesozooError ? error.code : undefined;
  }
  return undefined;
}

describe('the members after a change', () => {
  it('are those before, without who leaves, and with who joins', () => {
    expect(changed({ joining: LINE_4 })).toEqual([...three, member(4)]);
    expect(changed({ leaving: '1, 3' })).toEqual([member(2)]);
    expect(changed({ leaving: '1', joining: LINE_4 })).toEqual([member(2), member(3), member(4)]);
    expect(changed({ leaving: '9' })).toEqual(three);
    expect(changed({ joining: '', leaving: '' })).toEqual(three);
    expect(changed({})).toEqual(three);
  });

  it('keep their disks where only the address is another', () => {
    expect(changed({ joining: 'server.2=other:1:2;2182' })).toEqual([
      member(1),
      member(2, 'other:1:2;0.0.0.0:2182'),
      member(3),
    ]);
  });

  it('are all those of a whole list', () => {
    const newMembers = `server.1=h1:2888:3888;h1:2181\n${LINE_4}\nversion=5`;
    expect(changed({ newMembers })).toEqual([member(1), member(4)]);
    expect(changed({ newMembers: newMembers.replaceAll('\n', ',') })).toEqual([
      member(1),
      member(4),
    ]);
  });

  it('take an address of IPv6 in brackets', () => {
    expect(changed({ joining: 'server.4=[::1]:2888:3888;[::1]:2181' }).at(-1)).toEqual(
      member(4, '[::1]:2888:3888;[::1]:2181'),
    );
  });

  it.each([
    ['an empty list of all', { newMembers: '' }],
    ['both kinds at once', { joining: LINE_4, newMembers: LINE_4 }],
    ['nobody left', { leaving: '1,2,3' }],
    ['no ports between servers', { joining: 'server.4=h4;h4:2181' }],
    ['no port for clients', { joining: 'server.4=h4:2888:3888' }],
    ['a port above all', { joining: 'server.4=h4:2888:3888;h4:65536' }],
    ['a role that there is not', { joining: 'server.4=h4:2888:3888:witness;h4:2181' }],
    ['nobody left who votes', { newMembers: OBSERVER_4 }],
    ['members that all become observers', { joining: observerLines(1, 2, 3) }],
    ['the address of another for an observer', { joining: `server.4=h4:1:2:observer;h1:2181` }],
    ['a number that no server has', { joining: 'server.0=h4:2888:3888;h4:2181' }],
    ['the address of another', { joining: 'server.4=h4:2888:3888;h1:2181' }],
  ])('%s is refused', (_, wanted) => {
    expect(code(() => changed(wanted))).toBe('BAD_REQUEST');
  });

  it('a number that is none is not readable, as for ZooKeeper', () => {
    expect(code(() => changed({ leaving: 'x' }))).toBe('MARSHALLING_ERROR');
  });

  it('whose disk nobody knows cannot join', () => {
    const line = LINE_4.replace('server.4', 'server.5');
    expect(code(() => changed({ joining: line }))).toBe('NEW_CONFIG_NO_QUORUM');
  });
});

describe('the observers after a change', () => {
  const observed = { members: three, observers: [observer(4)] };

  it('are those before, without who leaves, and with who joins, connected or not', () => {
    expect(serversOf({ joining: OBSERVER_4 }, { members: three })).toEqual(observed);
    expect(serversOf({ joining: observerLines(9) }, observed)).toEqual({
      members: three,
      observers: [observer(4), observer(9)],
    });
    expect(serversOf({ leaving: '4' }, observed)).toEqual({ members: three });
    expect(serversOf({ leaving: '1' }, observed)).toEqual({
      members: [member(2), member(3)],
      observers: [observer(4)],
    });
  });

  it('may have been members, and become members with the disks that they have now', () => {
    expect(serversOf({ joining: observerLines(2) }, { members: three })).toEqual({
      members: [member(1), member(3)],
      observers: [observer(2)],
    });
    expect(serversOf({ joining: LINE_4 }, observed)).toEqual({ members: [...three, member(4)] });
    const line = 'server.9=h9:2888:3888;h9:2181';
    const present = { members: three, observers: [observer(9)] };
    expect(code(() => serversOf({ joining: line }, present))).toBe('NEW_CONFIG_NO_QUORUM');
  });

  it('are all those of a whole list', () => {
    const newMembers = `server.1=h1:2888:3888;h1:2181,${observerLines(2, 3)}`;
    expect(serversOf({ newMembers }, observed)).toEqual({
      members: [member(1)],
      observers: [observer(2), observer(3)],
    });
  });
});

describe('addresses that members say themselves', () => {
  const bare = [1, 2].map((id) => ({ id: id as MemberId, disk: `d${id}` as DiskId }));

  it('are taken as soon as all are known', () => {
    const better = (of: (id: number) => string | undefined) => withAddresses({ members: bare }, of);
    expect(better((id) => (id === 1 ? 'a:1:1;a:1' : undefined))).toBeUndefined();
    expect(better((id) => `a:1:1;a:${id}`)).toEqual({
      members: bare.map((one) => ({ ...one, address: `a:1:1;a:${one.id}` })),
    });
  });

  it('change the name that somebody chose only along with the port', () => {
    const known = { members: [member(1)] };
    expect(withAddresses(known, () => 'a:2888:3888;a:2181')).toBeUndefined();
    expect(withAddresses(known, () => 'a:2888:3888;a:2182')).toEqual({
      members: [member(1, 'a:2888:3888;a:2182')],
    });
  });

  it('are taken of observers as well, who need not be there', () => {
    const servers = { members: [member(1)], observers: [observer(2), observer(3)] };
    const said = (id: number) => (id === 2 ? 'a:2888:3888;a:2182' : undefined);
    expect(withAddresses(servers, said)).toEqual({
      members: [member(1)],
      observers: [{ ...observer(2), address: 'a:2888:3888;a:2182' }, observer(3)],
    });
  });
});
