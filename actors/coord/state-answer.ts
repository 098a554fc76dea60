/** What `mz.quorum.state` answers. */
import { decode, encode } from '../../protocol/codec.ts';
import { MesozooError } from '../../protocol/errors.ts';
import type { MemberId, Slot } from '../../protocol/ids.ts';
import { isInbox } from '../../protocol/subjects.ts';
import type { Delivery, Transport } from '../actor.ts';
import type { Parts } from './parts.ts';
import type { PaxosStatus } from './paxos/contract.ts';
import type { ZnodeState } from './znodes/contract.ts';

export interface MemberState {
  readonly id: MemberId;
  readonly role: PaxosStatus['role'];
  readonly slot: Slot;
  readonly isOffered: boolean;
}

export function describeMember(
  id: MemberId,
  parts: Parts,
  state: ZnodeState,
): MemberState & Record<string, unknown> {
  const { paxos, log, door, outbox } = parts;
  const status = paxos.status();
  return {
    id,
    clusterId: log.identity.clusterId,
    role: status.role,
    ballot: status.leaderBallot,
    promised: status.promised,
    leader: status.leader ?? null,
    decidedUpTo: status.decidedUpTo,
    slot: state.slot,
    zxid: state.zxid,
    digest: state.digest(),
    nodes: state.nodeCount,
    sessionsHeld: door.sessionCount,
    operationsWaiting: outbox.size,
    isOffered: door.isOffered,
    disk: log.identity.disk,
    members: status.configuration.members.map((member) => member.id),
    observers: (status.configuration.observers ?? []).map((observer) => observer.id),
  };
}

/** In the form of the question; who may not be answered is not. */
export function answerState(
  transport: Transport,
  { reply, payload }: Delivery,
  describe: () => MemberState,
): void {
  if (reply === undefined || !isInbox(reply)) return;
  try {
    const { form } = decode(payload);
    transport.publish(reply, encode(describe(), form));
  } catch (error) {
    if (!(error instanceof MesozooError)) throw error;
    const body = error.toBody();
    transport.publish(reply, encode({ error: body }, 'json'), { error: body });
  }
}
