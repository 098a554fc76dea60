/** From what a client asks for to the members that would be: pure. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { DiskId, MemberId } from '../../../protocol/ids.ts';
import type { QuorumMember } from '../../../protocol/operations.ts';
import type { ReconfigAsked } from '../member-messages.ts';
import { parseServerId, parseServerLine, type ServerLine } from './server-lines.ts';

export type WantedMembers = Pick<ReconfigAsked, 'joining' | 'leaving' | 'newMembers'>;

/**
 * The members after the change, by their numbers. `diskOf` is asked for those who join. Throws BAD_REQUEST,
 * MARSHALLING_ERROR, and NEW_CONFIG_NO_QUORUM where nobody knows the disk of one who joins.
 */
export function membersAfter(
  present: readonly QuorumMember[],
  { joining, leaving, newMembers }: WantedMembers,
  diskOf: (member: MemberId) => DiskId | undefined,
): readonly QuorumMember[] {
  const isWhole = hasText(newMembers);
  const isStep = hasText(joining) || hasText(leaving);
  if (isWhole === isStep)
    throw new MesozooError(
      'BAD_REQUEST',
      'either servers that join or leave are named, or all new members',
    );
  const before = new Map(present.map((member) => [member.id, member]));
  const after = isWhole ? new Map<MemberId, QuorumMember>() : new Map(before);
  for (const id of listOf(leaving, /,/).map(parseServerId)) after.delete(id);
  const added = listOf(isWhole ? newMembers : joining, isWhole ? /[,\n]/ : /,/)
    .filter((line) => !isWhole || !/^(#|version\s*=)/.test(line))
    .map(parseServerLine);
  for (const line of added) {
    refuseSameAddress(line, after.values());
    const disk = before.get(line.id)?.disk ?? diskOf(line.id);
    if (disk === undefined)
      throw new MesozooError(
        'NEW_CONFIG_NO_QUORUM',
        `member ${line.id} is not running, or not connected to this cluster`,
      );
    after.set(line.id, { id: line.id, disk, address: line.address });
  }
  if (after.size === 0) throw new MesozooError('BAD_REQUEST', 'at least one member must be left');
  return [...after.values()].sort((one, other) => one.id - other.id);
}

/** A client is to reach each member, and no other in its place. */
function refuseSameAddress({ id, address }: ServerLine, members: Iterable<QuorumMember>): void {
  const client = address.split(';')[1]!;
  if (client.startsWith('0.0.0.0:')) return;
  for (const other of members)
    if (other.id !== id && other.address?.split(';')[1] === client)
      throw new MesozooError('BAD_REQUEST', `${client} is the address of member ${other.id}`);
}

/**
 * With the addresses that the members say they have; undefined when that changes nothing, or leaves some without. Under
 * which name a member is reached was perhaps chosen by whoever added it: only its port is known better by itself.
 */
export function withAddresses(
  members: readonly QuorumMember[],
  addressOf: (member: MemberId) => string | undefined,
): readonly QuorumMember[] | undefined {
  let isChanged = false;
  const better: QuorumMember[] = [];
  for (const member of members) {
    const known = member.address;
    const said = addressOf(member.id);
    const isBetter = said !== undefined && (known === undefined || portOf(said) !== portOf(known));
    if (known === undefined && !isBetter) return undefined;
    if (isBetter) isChanged = true;
    better.push(isBetter ? { ...member, address: said } : member);
  }
  return isChanged ? better : undefined;
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
