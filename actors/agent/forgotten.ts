/**
 * Ids of attempts that are over and acknowledged, or given up before they came: an order to launch one of these is a
 * late repeat. The newest are kept, in memory more than on disk.
 */
import type { AttemptId } from '../../protocol/ids.ts';
import type { Journal } from './checkpoint/journal.ts';
import type { JournalRecord } from './checkpoint/records.ts';

const KEPT_MAX = 10_000;
const KEPT_ON_DISK = 1000;

export class Forgotten {
  private readonly journal: Journal;
  private readonly ids = new Set<AttemptId>();
  private inTurn: AttemptId[] = [];

  constructor(journal: Journal) {
    this.journal = journal;
  }

  has(attemptId: AttemptId): boolean {
    return this.ids.has(attemptId);
  }

  add(attemptId: AttemptId): void {
    this.remember(attemptId);
    this.inTurn.push(attemptId);
  }

  /** What a former run of the agent had noted. */
  restore(attemptIds: readonly AttemptId[]): void {
    for (const attemptId of attemptIds) this.remember(attemptId);
  }

  /** At the end of a turn, before the journal's commit. */
  endTurn(): void {
    if (this.inTurn.length === 0) return;
    this.journal.add({ kind: 'forgotten', attemptIds: this.inTurn });
    this.inTurn = [];
  }

  record(): JournalRecord {
    return { kind: 'forgotten', attemptIds: [...this.ids].slice(-KEPT_ON_DISK) };
  }

  private remember(attemptId: AttemptId): void {
    this.ids.add(attemptId);
    if (this.ids.size <= KEPT_MAX) return;
    const [oldest] = this.ids;
    if (oldest !== undefined) this.ids.delete(oldest);
  }
}
