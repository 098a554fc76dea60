/** Other members for a quorum under virtual time, as if a client had asked a member for them. */
import type { MemberId, Slot } from '../../../protocol/ids.ts';
import { encodeMemberMessage, type ReconfigAsked } from '../member-messages.ts';
import { type Client, type Cluster, subjects } from './cluster.ts';

export const SUPER = [{ scheme: 'super', id: '' }];
const NOTHING = { joining: null, leaving: null, newMembers: null, version: -1, identities: SUPER };

/** Of the leader, when there is one, by another member; nobody waits for the answer. */
export function askForMembers(
  cluster: Cluster,
  client: Client,
  request: string,
  wanted: Partial<ReconfigAsked>,
): void {
  const leader = cluster.leader();
  if (leader === undefined) return;
  const from = leader.id === 1 ? 2 : 1;
  const message = { type: 'reconfigAsked', from: from as MemberId, request, after: 0 as Slot };
  const bytes = encodeMemberMessage({ ...NOTHING, ...wanted, ...message } as ReconfigAsked);
  client.send(subjects.quorumMember(leader.id), bytes);
}

export const lineOf = (id: number, role = 'participant') =>
  `server.${id}=h:2888:3888:${role};h:${2180 + id}`;

/** As the leader knows them: `1,2,3 4` where 4 is an observer. */
export function membersOf(cluster: Cluster): string | undefined {
  const configuration = cluster.leader()?.process.actor?.tree().configuration;
  return configuration && membersText(configuration.members, configuration.observers ?? []);
}

export function membersText(
  members: readonly { readonly id: number }[],
  observers: readonly { readonly id: number }[],
): string {
  const listOf = (servers: readonly { readonly id: number }[]) =>
    servers.map(({ id }) => id).join();
  return observers.length === 0 ? listOf(members) : `${listOf(members)} ${listOf(observers)}`;
}

/** Asks until it is so: elections and crashes may be under way. */
export function reach(
  cluster: Cluster,
  client: Client,
  members: readonly number[],
  observers: readonly number[] = [],
): void {
  const newMembers = allLines(members, observers);
  const text = membersText(
    members.map((id) => ({ id })),
    observers.map((id) => ({ id })),
  );
  let tries = 0;
  cluster.until(
    `the members are ${text}`,
    () => {
      if (membersOf(cluster) === text) return true;
      if (tries++ % 100 === 0)
        askForMembers(cluster, client, `r${cluster.world.nowMs}`, { newMembers });
      return false;
    },
    60_000,
  );
}

export function allLines(members: readonly number[], observers: readonly number[]): string {
  return [
    ...members.map((id) => lineOf(id)),
    ...observers.map((id) => lineOf(id, 'observer')),
  ].join();
}
