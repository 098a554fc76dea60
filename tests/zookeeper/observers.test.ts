/**
 * A coord observes, and is killed; it becomes a member, and the leader an observer. Asked for by ZooKeeper's own shell,
 * while somebody writes: nobody is held up, and what was acknowledged is there at the end.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { pause } from '../cluster/harness.ts';
import { javaShell } from './java-shell.ts';
import { clusterAndFourth, isThere, reconfigured, server, Writer } from './joining-coord.ts';

const { cluster, fourth, portOf } = clusterAndFourth();

const lineOf = (member: number, role: string) =>
  `server.${member}=127.0.0.1:2888:3888:${role};${server(portOf(member))}`;

/** `1 2 3 4o` where 4 observes, from the text of a configuration. */
function rolesIn(written: string): string {
  return [...written.matchAll(/^server\.(\d+)=.*:(participant|observer);/gm)]
    .map(([, id, role]) => (role === 'observer' ? `${id}o` : id))
    .join(' ');
}

async function told(word: string, member: number): Promise<string> {
  const socket = connect(portOf(member), '127.0.0.1');
  socket.write(word);
  return text(socket);
}

const leadingMember = async () => Number((await cluster().leadingCoord()).split('-')[1]);

/** What a word of the leader says of the observers, once it says so. */
async function untilLeaderTells(line: string): Promise<void> {
  while (!(await told('mntr', await leadingMember())).includes(`\n${line}\n`)) await pause(100);
}

it('serves and forwards without a vote, becomes a member, and another an observer', async () => {
  const client = await cluster().client();
  expect(await isThere(client, '/written')).toBe(true);
  const writer = new Writer(client);

  const added = await reconfigured(portOf(1), '-add', lineOf(4, 'observer'));
  expect(added).toContain('Committed new configuration:');
  expect(rolesIn(added)).toBe('1 2 3 4o');
  expect(rolesIn(await javaShell(server(fourth().port), ['config']))).toBe('1 2 3 4o');
  expect(await told('srvr', 4)).toContain('\nMode: observer\n');
  expect(await told('mntr', 4)).toContain('\nzk_server_state\tobserver\n');
  expect(await told('conf', 4)).toContain(`server.4=${server(fourth().port)}:observer\n`);
  await untilLeaderTells('zk_synced_observers\t1');
  await untilLeaderTells('zk_learners\t3');
  await untilLeaderTells('zk_quorum_size\t3');
  const pages = cluster().adminUrls[(await leadingMember()) - 1];
  const page = async (name: string) => (await fetch(`${pages}/commands/${name}`)).json();
  expect(await page('observers')).toMatchObject({ synced_observers: 1, observers: [{ sid: 4 }] });
  expect(
    Object.keys(((await page('voting_view')) as { current_config: object }).current_config),
  ).toEqual(['1', '2', '3']);

  expect(await javaShell(server(fourth().port), ['create', '/through', 'it'])).toContain(
    'Created /through',
  );
  expect(await javaShell(server(portOf(1)), ['get', '/through'])).toMatch(/^it$/m);

  await fourth().kill();
  await writer.more();
  await untilLeaderTells('zk_synced_observers\t0');
  const meanwhile = writer.acknowledged.at(-1)!;
  fourth().startAgain();
  await untilLeaderTells('zk_synced_observers\t1');
  while (!(await javaShell(server(fourth().port), ['ls', '/written'])).includes(meanwhile))
    await pause(100);

  // Of two members and an observer only the members count.
  const former = await leadingMember();
  const others = [1, 2, 3].filter((id) => id !== former);
  const handed = await reconfigured(portOf(former), '-add', lineOf(former, 'observer'));
  expect(rolesIn(handed)).toBe(
    [1, 2, 3, 4].map((id) => (others.includes(id) ? id : `${id}o`)).join(' '),
  );
  await writer.more();
  expect(await told('srvr', former)).toContain('\nMode: observer\n');

  const promoted = await reconfigured(portOf(4), '-add', lineOf(4, 'participant'));
  expect(rolesIn(promoted)).toBe(
    [1, 2, 3, 4].map((id) => (id === former ? `${id}o` : id)).join(' '),
  );
  // Of three members two are a majority only if the one that observed votes.
  await cluster().kill(`coord-${others[0]}`);
  await writer.more();
  expect(await told('srvr', 4)).toMatch(/\nMode: (leader|follower)\n/);
  cluster().start(`coord-${others[0]}`);

  const removed = await reconfigured(portOf(4), '-remove', String(former));
  expect(rolesIn(removed)).toBe([...others, 4].join(' '));
  await writer.more();
  await writer.stop();
  const listed = await javaShell(server(fourth().port), ['ls', '/written']);
  const names = new Set(/^\[(.*)\]$/m.exec(listed)?.[1]?.split(', '));
  expect(writer.acknowledged.filter((name) => !names.has(name))).toEqual([]);
}, 240_000);
