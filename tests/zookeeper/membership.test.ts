/**
 * The quorum gets other members while clients write: one joins, the one that leads leaves and is stopped, another is
 * killed. Asked for by ZooKeeper's own shell. What was acknowledged is there at the end.
 */
import { expect, it } from 'vitest';
import { javaShell } from './java-shell.ts';
import { clusterAndFourth, isThere, reconfigured, server, Writer } from './joining-coord.ts';

const { cluster, fourth, portOf } = clusterAndFourth();

/** The members by the text of a configuration, wherever it stands in what the shell has written. */
function membersIn(written: string): number[] {
  return [...written.matchAll(/^server\.(\d+)=.*:participant;/gm)].map(([, id]) => Number(id));
}

it('members join and leave while clients write', async () => {
  const client = await cluster().client();
  expect(await isThere(client, '/written')).toBe(true);
  const writer = new Writer(client);
  const line = `server.4=127.0.0.1:2888:3888:participant;${server(fourth().port)}`;

  const added = await reconfigured(portOf(1), '-add', line);
  expect(added).toContain('Committed new configuration:');
  expect(membersIn(added)).toEqual([1, 2, 3, 4]);
  await writer.more();
  expect(membersIn(await javaShell(server(fourth().port), ['config']))).toEqual([1, 2, 3, 4]);

  const leader = await cluster().leadingCoord();
  const leaving = Number(leader.split('-')[1]);
  const left = [1, 2, 3, 4].filter((id) => id !== leaving);
  // The one that leads is asked itself.
  const removed = await reconfigured(portOf(leaving), '-remove', String(leaving));
  expect(removed).toContain('Committed new configuration:');
  expect(membersIn(removed)).toEqual(left);
  await cluster().kill(leader);
  await writer.more();

  // Of three members two are a majority only if the one that joined votes.
  const victim = left[0]!;
  await cluster().kill(`coord-${victim}`);
  await writer.more();
  cluster().start(`coord-${victim}`);
  await writer.more();
  await writer.stop();

  const listed = await javaShell(server(fourth().port), ['ls', '/written']);
  const names = new Set(/^\[(.*)\]$/m.exec(listed)?.[1]?.split(', '));
  expect(writer.acknowledged.filter((name) => !names.has(name))).toEqual([]);
  expect(writer.acknowledged.length).toBeGreaterThan(30);
}, 240_000);

it.each([
  ['who is not running', ['-add', 'server.9=127.0.0.1:2888:3888;2999'], 'No quorum of new config'],
  ['what cannot be read', ['-add', 'server.9=127.0.0.1'], 'Arguments are not valid'],
  ['all members', ['-remove', '1,2,3,4'], 'Arguments are not valid'],
  ['another version', ['-v', 'abc', '-add', 'server.9=h:1:2;3'], 'version No is not valid'],
])(
  '%s is refused',
  async (_, command, message) => {
    const written = await javaShell(server(fourth().port), ['reconfig', ...command]);
    expect(written).toContain(message);
  },
  60_000,
);
