import { describe, expect, it } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import type { DiskId, MemberId } from '../../../protocol/ids.ts';
import type { QuorumMember } from '../../../protocol/operations.ts';
import { membersAfter, withAddresses } from './change.ts';

const member = (id: number, address = `h${id}:2888:3888;h${id}:2181`): QuorumMember => ({
  id: id as MemberId,
  disk: `d${id}` as DiskId,
  address,
});
const three = [member(1), member(2), member(3)];
const nothing = { joining: null, leaving: null, newMembers: null };
const diskOf = (id: MemberId) => (id === 4 ? ('d4' as DiskId) : undefined);
const LINE_4 = 'server.4=h4:2888:3888:participant;h4:2181';

function changed(wanted: Partial<typeof nothing> | Record<string, string>) {
  return membersAfter(three, { ...nothing, ...wanted }, diskOf);
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
    ['nothing', {}],
    ['both kinds at once', { joining: LINE_4, newMembers: LINE_4 }],
    ['nobody left', { leaving: '1,2,3' }],
    ['no ports between servers', { joining: 'server.4=h4;h4:2181' }],
    ['no port for clients', { joining: 'server.4=h4:2888:3888' }],
    ['a port above all', { joining: 'server.4=h4:2888:3888;h4:65536' }],
    ['an observer', { joining: 'server.4=h4:2888:3888:observer;h4:2181' }],
    ['a number that no member has', { joining: 'server.256=h4:2888:3888;h4:2181' }],
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

describe('addresses that members say themselves', () => {
  const bare = [1, 2].map((id) => ({ id: id as MemberId, disk: `d${id}` as DiskId }));

  it('are taken as soon as all are known', () => {
    expect(withAddresses(bare, (id) => (id === 1 ? 'a:1:1;a:1' : undefined))).toBeUndefined();
    expect(withAddresses(bare, (id) => `a:1:1;a:${id}`)?.map(({ address }) => address)).toEqual([
      'a:1:1;a:1',
      'a:1:1;a:2',
    ]);
  });

  it('change the name that somebody chose only along with the port', () => {
    expect(withAddresses([member(1)], () => 'a:2888:3888;a:2181')).toBeUndefined();
    expect(withAddresses([member(1)], () => 'a:2888:3888;a:2182')).toEqual([
      member(1, 'a:2888:3888;a:2182'),
    ]);
  });
});
