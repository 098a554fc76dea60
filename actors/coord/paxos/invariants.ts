/** What must hold at every member after every turn. Thrown as InvariantError: a bug of ours. */
import { assert } from '../../../protocol/errors.ts';
import { ballotMember } from '../../../protocol/ids.ts';
import { valueBytes } from './log-view.ts';
import type { Context } from './state.ts';

/** Election timeouts: of the most patient member, twice as long at random, and a candidacy of its own in between. */
const SILENT_TIMEOUTS_MAX = 16;

export function checkInvariants(context: Context): void {
  checkLog(context);
  checkDecided(context);
  checkRole(context);
  checkOutput(context);
}

function checkLog({ state, options }: Context): void {
  const { log, promised } = state;
  let memoryBytes = 0;
  for (const [slot, entry] of log.entries) {
    if (entry.value.kind !== 'stored') memoryBytes += valueBytes(entry.value);
    else assert(slot <= log.leftUpTo, `slot ${slot} was left to the disk out of its turn`);
    assert(entry.slot === slot, `slot ${entry.slot} is filed under ${slot}`);
    assert(slot > log.forgottenUpTo, `slot ${slot} is held though forgotten`);
    assert(slot <= log.lastSlot, `slot ${slot} is beyond the last slot ${log.lastSlot}`);
    assert(
      entry.ballot <= promised || options.planted?.has('ballots-not-compared'),
      `slot ${slot} was accepted under ${entry.ballot}, above the promise ${promised}`,
    );
  }
  assert(memoryBytes === log.memoryBytes, 'the bytes in memory are counted wrong');
  assert(log.leftUpTo <= Math.max(state.decidedUpTo, log.forgottenUpTo), 'left undecided to disk');
}

function checkDecided({ state }: Context): void {
  const { log, decidedUpTo } = state;
  assert(log.forgottenUpTo <= decidedUpTo, 'slots were forgotten that are not decided');
  for (let slot = log.forgottenUpTo + 1; slot <= decidedUpTo; slot++) {
    const entry = log.entries.get(slot as typeof decidedUpTo);
    assert(entry?.decided, `slot ${slot} is within the decided prefix, but not held as decided`);
  }
  assert(
    state.configurationSlot <= decidedUpTo,
    'a configuration is in force before it is decided',
  );
  let last = 0;
  for (const { slot } of state.decided) {
    assert(last === 0 || slot === last + 1, `slot ${slot} was handed out after ${last}`);
    last = slot;
  }
  assert(last === 0 || last === decidedUpTo, 'a decided slot was not handed out');
}

function checkRole({ state, lifecycle, me, options }: Context): void {
  const role = lifecycle.role();
  if (role === 'stopped') return;
  const { candidacy, leadership } = state;
  assert(
    (candidacy !== undefined) === (role === 'preparing' || role === 'leading'),
    `a ${role} member has ${candidacy === undefined ? 'no' : 'a'} ballot of its own`,
  );
  assert(
    (leadership !== undefined) === (role === 'leading'),
    `a ${role} member keeps a leadership`,
  );
  assert(
    state.mayVote === !['recovering', 'catchingUp', 'observing'].includes(role),
    `a member that ${state.mayVote ? 'may' : 'may not'} vote is ${role}`,
  );
  const silentMs = state.nowMs - state.leaderHeardMs;
  assert(
    role === 'leading' ||
      state.leader === undefined ||
      silentMs <= SILENT_TIMEOUTS_MAX * options.timing.electionTimeoutMs,
    `a ${role} member believes in a leader that was silent for ${silentMs} ms`,
  );
  assert(state.greatestBallot >= state.promised, 'a promised ballot was not seen');
  if (candidacy !== undefined) {
    assert(ballotMember(candidacy.ballot) === me, 'leads under the ballot of another member');
    assert(candidacy.ballot === state.promised, 'a candidate has promised another ballot');
  }
  if (leadership === undefined) return;
  assert(leadership.nextSlot > state.decidedUpTo, 'the next slot is decided already');
  assert(
    leadership.nextSlot - 1 - state.decidedUpTo <= options.slotsInFlightMax + 1,
    'more slots are in flight than allowed',
  );
  for (const slot of leadership.inFlight.keys()) {
    assert(
      slot < leadership.nextSlot && slot > state.decidedUpTo,
      `slot ${slot} cannot be in flight`,
    );
    assert(
      leadership.barrier <= state.decidedUpTo || slot <= leadership.barrier,
      `slot ${slot} was proposed beyond an undecided configuration`,
    );
  }
}

function checkOutput({ state }: Context): void {
  assert(state.savedToken < state.nextToken, 'a token was saved that was never given out');
  for (const { token } of state.held) {
    assert(token > state.savedToken, 'a message was held beyond its save');
    assert(token <= state.nextToken, 'a message waits for a token that is not coming');
  }
}
