/**
 * What leaves the core, and when. Nothing that depends on a save leaves before it: such a message is held under the
 * token of the records that were written before it. What a member says to itself (its own vote) waits just the same.
 */
import type { Ballot, MemberId, Slot } from '../../../protocol/ids.ts';
import type { LogRecord, PaxosOutput } from './contract.ts';
import type { QuorumMessage } from './messages.ts';
import type { Context } from './state.ts';

export function record({ state }: Context, entry: LogRecord): void {
  state.records.push(entry);
}

export function send(
  { state }: Context,
  to: MemberId | 'all',
  message: QuorumMessage,
  bulk = false,
): void {
  state.messages.push({ to, message, bulk });
}

/** The leader says how far it has decided. */
export function sendMark(context: Context): void {
  const { state, me } = context;
  state.leadership!.markSent = state.decidedUpTo;
  const { ballot } = state.candidacy!;
  send(context, 'all', { type: 'mark', from: me, ballot, decidedUpTo: state.decidedUpTo });
}

/** The token whose save makes everything durable that was recorded until now; 0 when it is already. */
export function durableToken({ state }: Context): number {
  const waiting = state.records.some((entry) => entry.kind !== 'decided');
  const token = waiting ? state.nextToken : state.syncToken;
  return token > state.savedToken ? token : 0;
}

export function sendAfterSave(
  context: Context,
  to: MemberId | 'all',
  message: QuorumMessage,
  bulk = false,
): void {
  const token = context.options.planted?.has('promise-before-sync') ? 0 : durableToken(context);
  if (token > 0) context.state.held.push({ token, to, message, bulk });
  else release(context, { to, message, bulk });
}

/** Slots accepted in one turn are acknowledged in one message, to all: each member may count for itself. */
export function acknowledgeAccept(context: Context, ballot: Ballot, slot: Slot): void {
  const { state } = context;
  if (state.accepted !== undefined && state.accepted.ballot !== ballot) flushAccepted(context);
  state.accepted ??= { ballot, slots: [] };
  state.accepted.slots.push(slot);
}

/** Before anything else is promised, so that messages keep the order in which things happened. */
export function flushAccepted(context: Context): void {
  const { accepted } = context.state;
  if (accepted === undefined) return;
  context.state.accepted = undefined;
  const { me, disk } = context;
  const message = { type: 'accepted', from: me, disk, ...accepted } as const;
  sendAfterSave(context, 'all', message);
  sendAfterSave(context, me, message);
}

export function releaseSaved(context: Context, token: number): void {
  const { state } = context;
  if (token > state.savedToken) state.savedToken = token;
  const ready = state.held.filter((held) => held.token <= state.savedToken);
  if (ready.length === 0) return;
  state.held = state.held.filter((held) => held.token > state.savedToken);
  for (const held of ready) release(context, held);
}

function release(
  context: Context,
  held: { to: MemberId | 'all'; message: QuorumMessage; bulk: boolean },
): void {
  if (held.to === context.me) context.deliver(held.message);
  else send(context, held.to, held.message, held.bulk);
}

export function takeOutput(context: Context): PaxosOutput {
  const { state } = context;
  const records = state.records;
  let token: number | undefined;
  if (records.length > 0) {
    token = state.nextToken++;
    if (records.some((entry) => entry.kind !== 'decided')) state.syncToken = token;
    if (state.decidedUpTo > state.decidedRecorded) {
      records.push({ kind: 'decided', slot: state.decidedUpTo });
      state.decidedRecorded = state.decidedUpTo;
    }
  }
  const output: PaxosOutput = {
    records,
    ...(token !== undefined && { token }),
    messages: state.messages,
    decided: state.decided,
    confirmed: state.confirmed,
    unconfirmed: state.unconfirmed,
    ...(state.snapshotWanted !== undefined && { snapshotWanted: state.snapshotWanted }),
  };
  state.records = [];
  state.messages = [];
  state.decided = [];
  state.confirmed = [];
  state.unconfirmed = [];
  state.snapshotWanted = undefined;
  return output;
}

/** The decided mark goes along with other records; alone only now and then, since losing it costs nothing but a fetch. */
export function recordDecidedMark({ state }: Context): void {
  if (state.records.length > 0 || state.decidedUpTo <= state.decidedRecorded) return;
  state.records.push({ kind: 'decided', slot: state.decidedUpTo });
  state.decidedRecorded = state.decidedUpTo;
}
