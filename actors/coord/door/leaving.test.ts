import { describe, expect, it } from 'vitest';
import { Cluster, errorCode, subjects } from '../testing/cluster.ts';

/** So many a millisecond, from before the member is told to stop until after it has gone. */
const BURST = 4;

describe('a member that is stopped in good order', () => {
  it.each([
    ['leads', 'set'],
    ['leads', 'get'],
    ['follows', 'set'],
    ['follows', 'get'],
  ] as const)('and %s answers every %s that the queue has given to it', (role, name) => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    client.ask(subjects.znode('create'), { path: '/a' });
    const member = role === 'leads' ? cluster.leader()! : cluster.follower();
    let hasEnded = false;
    const asked = Array.from({ length: 60 }, (_, round) => {
      if (round === 20)
        member.process.stop(() => {
          hasEnded = true;
        });
      const burst = Array.from({ length: BURST }, () =>
        client.send(subjects.znode(name), { path: '/a' }),
      );
      cluster.run(1);
      return burst;
    }).flat();
    cluster.until('the member has ended', () => hasEnded);
    cluster.until('all is answered', () => asked.every(({ reply }) => reply !== undefined), 20_000);
    expect(asked.filter(({ reply }) => errorCode(reply) !== undefined)).toEqual([]);
  });
});
