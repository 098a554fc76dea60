/** From what a client asks for to the members that would be: pure. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { DiskId, MemberId } from '../../../protocol/ids.ts';
import type { Configuration, QuorumMember, QuorumObserver } from '../../../protocol/operations.ts';
import type { ReconfigAsked } from '../member-messages.ts';
import { sameServers } from '../paxos/quorum.ts';
import { parseServerId, parseServerLine, type ServerLine } from './server-lines.ts';

export type WantedMembers = Pick<ReconfigAsked, 'joining' | 'leaving' | 'newMembers'>;

/** Without what is of one entry alone. */
export type Servers = Pick<Configuration, 'members' | 'observers'>;

/**
 * Members and observers after the change, by their numbers; who asks for nothing gets those there are. `diskOf` is asked
 * for those who join, or were observers; who becomes an observer need not be known. Throws BAD_REQUEST,
 * MARSHALLING_ERROR, and NEW_CONFIG_NO_QUORUM where nobody knows the disk of a new member.
 */
export function serversAfter(
  present: Servers,
  { joining, leaving, newMembers }: WantedMembers,
  diskOf: (member: MemberId) => DiskId | undefined,
): Servers {
  const isWhole = newMembers !== null;
  // ZooKeeper would take no notice of the steps.
  if (isWhole && (hasText(joining) || hasText(leaving)))
    throw new MesozooError(
      'BAD_REQUEST',
      'either servers that join or leave are named, or all new members',
    );
  const disks = new Map(present.members.map(({ id, disk }) => [id, disk]));
  const after = new Map<MemberId, QuorumMember | QuorumObserver>();
  if (!isWhole)
    for (const server of [...present.members, ...(present.observers ?? [])])
      after.set(server.id, server);
  for (const id of listOf(leaving, /,/).map(parseServerId)) after.delete(id);
  const added = listOf(isWhole ? newMembers : joining, isWhole ? /[,\n]/ : /,/)
    .filter((line) => !isWhole || !/^(#|version\s*=)/.test(line))
    .map(parseServerLine);
  for (const line of added) {
    refuseSameAddress(line, after.values());
    after.set(line.id, serverOf(line, disks.get(line.id) ?? diskOf(line.id)));
  }
  const servers = [...after.values()].sort((one, other) => one.id - other.id);
  const members = servers.filter((server) => 'disk' in server);
  if (members.length === 0)
    throw new MesozooError('BAD_REQUEST', 'at least one member that votes must be left');
  return serversOf(
    members,
    servers.filter((server) => !('disk' in server)),
  );
}

function serverOf(
  { id, role, address }: ServerLine,
  disk: DiskId | undefined,
): QuorumMember | QuorumObserver {
  if (role === 'observer') return { id, address };
  if (disk === undefined)
    throw new MesozooError(
      'NEW_CONFIG_NO_QUORUM',
      `member ${id} is not running, or not connected to this cluster`,
    );
  return { id, disk, address };
}

function serversOf(
  members: readonly QuorumMember[],
  observers: readonly QuorumObserver[],
): Servers {
  return { members, ...(observers.length > 0 && { observers }) };
}

/** A client is to reach each member, and no other in its place. */
function refuseSameAddress({ id, address }: ServerLine, others: Iterable<QuorumObserver>): void {
  const client = address.split(';')[1]!;
  if (client.startsWith('0.0.0.0:')) return;
  for (const other of others)
    if (other.id !== id && other.address?.split(';')[1] === client)
      throw new MesozooError('BAD_REQUEST', `${client} is the address of member ${other.id}`);
}

/**
 * With the addresses that they say they have; undefined when that changes nothing, or leaves some without. Under which
 * name a server is reached was perhaps chosen by whoever added it: only its port is known better by itself.
 */
export function withAddresses(
  { members, observers = [] }: Servers,
  addressOf: (member: MemberId) => string | undefined,
): Servers | undefined {
  const better = serversOf(
    members.map((member) => improved(member, addressOf(member.id))),
    observers.map((observer) => improved(observer, addressOf(observer.id))),
  );
  const all = [...better.members, ...(better.observers ?? [])];
  if (all.some(({ address }) => address === undefined)) return undefined;
  return sameServers({ members, observers }, better) ? undefined : better;
}

function improved<Server extends QuorumObserver>(server: Server, said: string | undefined): Server {
  const { address: known } = server;
  if (said === undefined || (known !== undefined && portOf(said) === portOf(known))) return server;
  return { ...server, address: said };
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

function hasText(text: string | null): text is string {
  return text !== null && text.trim() !== '';
}

function listOf(text: string | null, separator: RegExp): string[] {
  return (text ?? '')
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
