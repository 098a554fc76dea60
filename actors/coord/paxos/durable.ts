/** The two things that a disk stands for: what it promised, and what it accepted. Each change is recorded here. */
import type { Ballot, Slot } from '../../../protocol/ids.ts';
import type { Value } from './contract.ts';
import { putEntry } from './log-view.ts';
import { record } from './outbox.ts';
import { observeBallot, stepDown } from './role.ts';
import type { Context } from './state.ts';

export function raisePromise(context: Context, ballot: Ballot): void {
  const { state } = context;
  if (ballot <= state.promised) return;
  state.promised = ballot;
  observeBallot(context, ballot);
  record(context, { kind: 'promise', ballot });
  if (state.candidacy !== undefined && state.candidacy.ballot < ballot) {
    stepDown(context, 'SUPERSEDED');
  }
}

export function acceptEntry(
  context: Context,
  slot: Slot,
  ballot: Ballot,
  value: Value,
  decided: boolean,
): void {
  putEntry(context.state.log, { slot, ballot, value, decided });
  record(context, { kind: 'accept', slot, ballot, value });
}
