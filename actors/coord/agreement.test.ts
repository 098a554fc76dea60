import { describe, expect, it } from 'vitest';
import type { MemberId, Slot } from '../../protocol/ids.ts';
import { silentLog } from '../testing/silent-log.ts';
import { Agreement, SLOTS_BETWEEN_DIGESTS } from './agreement.ts';
import { decodeMemberMessage, encodeMemberMessage, type MemberMessage } from './member-messages.ts';
import { Cluster, subjects } from './testing/cluster.ts';

const [one, two, three] = [1, 2, 3] as MemberId[] as [MemberId, MemberId, MemberId];
const slot = (number: number) => (number * SLOTS_BETWEEN_DIGESTS) as Slot;
const told = (from: MemberId, at: Slot, digest: string, format = 1) =>
  ({ type: 'digestTold', from, slot: at, format, digest }) as const;

function agreement(member = one) {
  const errors: unknown[] = [];
  const log = { ...silentLog, error: (_: string, fields?: object) => errors.push(fields) };
  const members = () => [one, two, three];
  return { errors, agreement: new Agreement({ member, log, members, format: 1 }) };
}

const diverged = expect.objectContaining({
  code: 'STATE_DIVERGED',
  message: expect.stringMatching(/slot 256 .* mine, .* theirs/) as string,
}) as Error;

describe('the trees of the members', () => {
  it('are told at every so many slots, the newest alone', () => {
    const { agreement: own } = agreement();
    own.applied((slot(1) - 1) as Slot, () => 'never asked');
    expect(own.take()).toBeUndefined();
    own.applied(slot(1), () => 'a');
    own.applied(slot(2), () => 'b');
    expect(own.take()).toEqual(told(one, slot(2), 'b'));
    expect(own.take()).toBeUndefined();
  });

  it('that agree are silent, in whatever order they are told', () => {
    const { agreement: own, errors } = agreement();
    own.heard(told(two, slot(1), 'a'));
    own.applied(slot(1), () => 'a');
    own.heard(told(three, slot(1), 'a'));
    expect(errors).toEqual([]);
  });

  it('stop the member whose own is not that of a majority', () => {
    const { agreement: own } = agreement();
    own.applied(slot(2), () => 'mine');
    own.heard(told(two, slot(2), 'theirs'));
    expect(() => own.heard(told(three, slot(2), 'theirs'))).toThrow(diverged);
  });

  it('stop an observer by those of the members, who count nothing that it tells', () => {
    const observer = 4 as MemberId;
    const { agreement: observing } = agreement(observer);
    observing.applied(slot(2), () => 'mine');
    observing.heard(told(two, slot(2), 'theirs'));
    expect(() => observing.heard(told(three, slot(2), 'theirs'))).toThrow(diverged);
    const { agreement: own, errors } = agreement();
    own.applied(slot(2), () => 'mine');
    own.heard(told(two, slot(2), 'theirs'));
    own.heard(told(observer, slot(2), 'theirs'));
    expect(errors).toHaveLength(2);
  });

  it('stop it as well when it comes last', () => {
    const { agreement: own } = agreement();
    own.heard(told(two, slot(2), 'theirs'));
    own.heard(told(three, slot(2), 'theirs'));
    expect(() => own.applied(slot(2), () => 'mine')).toThrow(diverged);
  });

  it('do not stop who is of the majority: the difference is logged', () => {
    const { agreement: own, errors } = agreement();
    own.applied(slot(2), () => 'mine');
    own.heard(told(two, slot(2), 'mine'));
    own.heard(told(three, slot(2), 'theirs'));
    expect(errors).toEqual([{ slot: slot(2), digests: { 1: 'mine', 2: 'mine', 3: 'theirs' } }]);
  });

  it('are not compared with those of another version, nor with what has no vote', () => {
    const { agreement: own, errors } = agreement();
    own.applied(slot(2), () => 'mine');
    own.heard(told(two, slot(2), 'theirs', 2));
    own.heard(told(three, slot(2), 'theirs', 2));
    own.heard(told(4 as MemberId, slot(2), 'theirs'));
    own.heard(told(5 as MemberId, slot(2), 'theirs'));
    expect(errors).toEqual([]);
  });

  it('of long ago are forgotten', () => {
    const { agreement: own, errors } = agreement();
    for (let number = 1; number <= 65; number++) own.applied(slot(number), () => 'mine');
    own.heard(told(two, slot(1), 'theirs'));
    own.heard(told(three, slot(1), 'theirs'));
    expect(errors).toEqual([]);
  });
});

describe('in a cluster', () => {
  const write = (cluster: Cluster, count: number) => {
    const client = cluster.client();
    for (let index = 0; index < count; index++)
      client.ask(subjects.znode('set'), { path: '/', data: `${index}` });
    cluster.agree();
    return client;
  };

  it('every member tells the others', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    const heard: MemberMessage[] = [];
    client.listen(subjects.quorumAll(), (payload) => {
      if (payload[0] === 0xc1) heard.push(decodeMemberMessage(payload));
    });
    write(cluster, SLOTS_BETWEEN_DIGESTS);
    const digests = heard.filter((message) => message.type === 'digestTold');
    expect(digests.map(({ from }) => from).sort()).toEqual([1, 2, 3]);
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(1);
  });

  it('a member that differs from the two others stops with both digests', () => {
    const cluster = new Cluster().ready();
    const client = write(cluster, SLOTS_BETWEEN_DIGESTS);
    const format = 1;
    const lie = (from: MemberId) => ({ ...told(from, slot(1), 'f'.repeat(16)), format });
    const [victim] = cluster.members;
    for (const from of [two, three])
      client.send(subjects.quorumMember(victim!.id), encodeMemberMessage(lie(from)));
    expect(() => cluster.run(100)).toThrow(
      /digest of this member's tree is [0-9a-f]{16}, that of a majority f{16}/,
    );
    expect(victim!.process.isRunning).toBe(false);
  });
});
