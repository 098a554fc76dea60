/**
 * Who votes. The configuration that governs a slot is the last one decided below it; since nothing beyond an undecided
 * configuration is proposed, all slots in flight are governed by the one in force here. The new members may be any: a
 * leader whom not most of them have promised its ballot steps down, so that whoever leads on has asked them (decision
 * 0015).
 *
 * Re-admission: a member whose disk is not in the configuration asks the leader for one that names it. It votes once
 * that entry, and all before it, is decided and durable here. Who is no member any more, an observer or removed, gives
 * its vote up, and gets it again in the same way (decision 0016).
 */
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import type { Value } from './contract.ts';
import { entriesBetween } from './log-view.ts';
import type { AdmissionRequest } from './messages.ts';
import { acknowledgeAccept, durableToken, record, send, sendMark } from './outbox.ts';
import { completePromises, lastReportedSlot } from './promises.ts';
import { isMajority, isMember, votesIn } from './quorum.ts';
import { electSoon, mayCampaign, stepDown } from './role.ts';
import type { Context } from './state.ts';

export function configurationDecided(
  context: Context,
  slot: Slot,
  configuration: Configuration,
): void {
  const { state } = context;
  forgetReplaced(context, configuration);
  state.configuration = configuration;
  state.configurationSlot = slot;
  noticeAdmission(context);
  followOrLeadOn(context);
  noticeRetirement(context);
}

function followOrLeadOn(context: Context): void {
  const { state } = context;
  if (state.leadership === undefined) {
    if (!mayCampaign(context)) stepDown(context, 'ELECTION_TIMED_OUT');
    loseRemovedLeader(context);
    return;
  }
  if (!mayLeadOn(context)) {
    // The others need not find out by themselves that it is decided: nobody else would tell them for a while.
    sendMark(context);
    stepDown(context, 'MAJORITY_LOST');
    if (mayCampaign(context)) electSoon(context);
    return;
  }
  state.leadership.recoverUpTo = Math.max(
    state.leadership.recoverUpTo,
    lastReportedSlot(context),
  ) as Slot;
}

/**
 * Slots beyond the configuration are governed by the new members: their promises decide whether this ballot may go on.
 * The promise of a disk that was replaced does not count, as whatever replaced it never gave it.
 */
function mayLeadOn(context: Context): boolean {
  const { planted } = context.options;
  if (!mayCampaign(context)) return false;
  if (planted?.has('new-members-not-asked')) return true;
  return isMajority(context.state.configuration, completePromises(context), planted);
}

/** A leader that was removed steps down when it sees that: nobody need wait for its silence. */
function loseRemovedLeader(context: Context): void {
  const { state, lifecycle } = context;
  if (state.leader === undefined || isMember(state.configuration, state.leader)) return;
  state.leader = undefined;
  if (lifecycle.role() === 'following') electSoon(context);
}

/** What a disk acknowledged says nothing about the disk that takes its place. */
function forgetReplaced({ state }: Context, configuration: Configuration): void {
  const { leadership } = state;
  if (leadership === undefined) return;
  for (const { id, disk } of configuration.members) {
    if (votesIn(state.configuration, id, disk)) continue;
    leadership.acknowledged.delete(id);
    leadership.heardMs.set(id, state.nowMs);
  }
}

/** A configuration of the bootstrap admits nobody anew: only one that was decided does. */
export function noticeAdmission(context: Context): void {
  const { state, me, disk } = context;
  if (state.mayVote || state.configurationSlot === 0) return;
  if (!votesIn(state.configuration, me, disk)) {
    state.admissionToken = undefined;
  } else if (state.decidedUpTo > state.decidedRecorded) {
    // The mark too has to be durable: a restart finds the admission only in what is known to be decided.
    record(context, { kind: 'decided', slot: state.decidedUpTo });
    state.decidedRecorded = state.decidedUpTo;
    state.admissionToken = state.nextToken;
  } else {
    state.admissionToken = durableToken(context);
  }
}

/** A vote that counts nowhere is not given: whoever needs it again waits until all up to then is durable here. */
export function noticeRetirement({ state, me, lifecycle }: Context): void {
  const { configuration } = state;
  if (configuration.members.length === 0 || isMember(configuration, me)) return;
  state.mayVote = false;
  if (lifecycle.role() !== 'observing') lifecycle.send({ type: 'RETIRED' });
}

/** After each save: what the admission waits for may be durable now. */
export function admitWhenDurable(context: Context): void {
  const { state } = context;
  if (state.admissionToken === undefined || state.admissionToken > state.savedToken) return;
  state.admissionToken = undefined;
  state.mayVote = true;
  context.lifecycle.send({ type: 'ADMITTED' });
  acknowledgeHeld(context);
}

/** What the leader has proposed in the meantime is held already, and may be waiting for this vote. */
function acknowledgeHeld(context: Context): void {
  const { log, leader, leaderBallot, promised, decidedUpTo } = context.state;
  if (leader === undefined || promised !== leaderBallot) return;
  for (const { slot, ballot } of entriesBetween(log, decidedUpTo, log.lastSlot))
    if (ballot === leaderBallot) acknowledgeAccept(context, ballot, slot);
}

export function requestAdmission(context: Context): void {
  const { state, me, disk, options } = context;
  const { configuration } = state;
  if (state.leader === undefined || state.leader === me) return;
  const isUnknown = configuration.members.length === 0;
  const isAnother = isMember(configuration, me) && !votesIn(configuration, me, disk);
  if (!isUnknown && !isAnother) return;
  if (state.nowMs - state.admissionRequestedMs < options.timing.resendMs) return;
  state.admissionRequestedMs = state.nowMs;
  send(context, state.leader, { type: 'admissionRequest', from: me, disk });
}

/** The configuration to propose, or undefined when the request changes nothing. */
export function admissionOf(context: Context, message: AdmissionRequest): Value | undefined {
  const { configuration } = context.state;
  const present = configuration.members.find((member) => member.id === message.from);
  if (present === undefined || present.disk === message.disk) return undefined;
  return {
    kind: 'configuration',
    configuration: withDisk(configuration, message.from, message.disk),
  };
}

function withDisk(configuration: Configuration, id: MemberId, disk: DiskId): Configuration {
  const { members, observers } = configuration;
  return {
    members: members.map((member) => (member.id === id ? { ...member, disk } : member)),
    ...(observers !== undefined && { observers }),
  };
}
