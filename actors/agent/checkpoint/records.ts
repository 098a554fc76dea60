/**
 * What the journal says of attempts, record by record, and what is left of it when all have been read.
 * Records of one attempt stand in the order in which they happened; an attempt without records is unknown.
 */
import { pack, unpack } from '../../../protocol/codec.ts';
import type { AttemptId } from '../../../protocol/ids.ts';
import type { AttemptSpec, StatusUpdate } from '../../../protocol/orders.ts';
import { isFinal } from '../../../protocol/task-states.ts';
import type { ProcessIdentity } from '../../actor.ts';

/** Why an attempt is being ended, and so what its last update says. `givenUp`: it says nothing. */
export type StopCause = 'ordered' | 'agentStops' | 'timedOut' | 'givenUp';

export type JournalRecord =
  /** Written before anything is started. `refused`: it never will be. */
  | {
      readonly kind: 'attempt';
      readonly spec: AttemptSpec;
      readonly refused: boolean;
    }
  | {
      readonly kind: 'started';
      readonly attemptId: AttemptId;
      readonly identity: ProcessIdentity;
      readonly atMs: number;
    }
  | {
      readonly kind: 'stopping';
      readonly attemptId: AttemptId;
      readonly cause: StopCause;
      readonly graceMs: number;
    }
  | { readonly kind: 'update'; readonly update: StatusUpdate }
  | { readonly kind: 'acknowledged'; readonly attemptId: AttemptId; readonly number: number }
  | { readonly kind: 'forgotten'; readonly attemptIds: readonly AttemptId[] };

/** One attempt as the journal left it. */
export interface CheckpointedAttempt {
  readonly spec: AttemptSpec;
  readonly refused: boolean;
  readonly started?: { readonly identity: ProcessIdentity; readonly atMs: number };
  readonly stopping?: { readonly cause: StopCause; readonly graceMs: number };
  /** Not acknowledged yet, in order. */
  readonly updates: readonly StatusUpdate[];
  /** The last one made, acknowledged or not. */
  readonly lastUpdate?: StatusUpdate;
}

export interface Replayed {
  readonly attempts: ReadonlyMap<AttemptId, CheckpointedAttempt>;
  /** Ended and acknowledged, newest last: an order for one of these is a late repeat. */
  readonly forgotten: readonly AttemptId[];
}

export function encodeRecord(record: JournalRecord): Uint8Array {
  return pack(record);
}

export function decodeRecord(bytes: Uint8Array): JournalRecord {
  return unpack(bytes) as JournalRecord;
}

export function replay(records: Iterable<JournalRecord>): Replayed {
  const attempts = new Map<AttemptId, CheckpointedAttempt>();
  const forgotten = new Set<AttemptId>();
  const change = (attemptId: AttemptId, fields: Partial<CheckpointedAttempt>): void => {
    const attempt = attempts.get(attemptId);
    // Its first record may be among the damaged ones: then there is nothing to go on from.
    if (attempt !== undefined) attempts.set(attemptId, { ...attempt, ...fields });
  };
  for (const record of records) {
    switch (record.kind) {
      case 'attempt':
        attempts.set(record.spec.attemptId, {
          spec: record.spec,
          refused: record.refused,
          updates: [],
        });
        break;
      case 'started':
        change(record.attemptId, { started: { identity: record.identity, atMs: record.atMs } });
        break;
      case 'stopping':
        change(record.attemptId, {
          stopping: { cause: record.cause, graceMs: record.graceMs },
        });
        break;
      case 'update': {
        const { attemptId } = record.update;
        const updates = attempts.get(attemptId)?.updates ?? [];
        change(attemptId, { updates: [...updates, record.update], lastUpdate: record.update });
        break;
      }
      case 'acknowledged': {
        const updates = attempts.get(record.attemptId)?.updates ?? [];
        change(record.attemptId, {
          updates: updates.filter((update) => update.number > record.number),
        });
        break;
      }
      case 'forgotten':
        for (const attemptId of record.attemptIds) {
          attempts.delete(attemptId);
          forgotten.delete(attemptId);
          forgotten.add(attemptId);
        }
        break;
      default:
        record satisfies never;
    }
  }
  return { attempts, forgotten: [...forgotten] };
}

/** The records that say of an attempt what is true now: for a journal written anew. */
export function recordsOf(attempt: CheckpointedAttempt): JournalRecord[] {
  const { spec, refused, started, stopping, updates, lastUpdate } = attempt;
  const { attemptId } = spec;
  const records: JournalRecord[] = [{ kind: 'attempt', spec, refused }];
  if (started !== undefined) records.push({ kind: 'started', attemptId, ...started });
  if (stopping !== undefined) records.push({ kind: 'stopping', attemptId, ...stopping });
  if (lastUpdate !== undefined && updates.length === 0)
    records.push(
      { kind: 'update', update: lastUpdate },
      { kind: 'acknowledged', attemptId, number: lastUpdate.number },
    );
  for (const update of updates) records.push({ kind: 'update', update });
  return records;
}

export function hasEnded(attempt: CheckpointedAttempt): boolean {
  return attempt.lastUpdate !== undefined && isFinal(attempt.lastUpdate.state);
}
