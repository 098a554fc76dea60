/**
 * Status updates: numbered for each attempt, on disk before they are first sent, sent in order and again until they
 * are acknowledged. Of what is noted of one attempt within a turn only the last is made an update: a state that is
 * already over helps nobody, and the master accepts that some are left out.
 */
import type { AttemptId, TaskId } from '../../protocol/ids.ts';
import type { StatusUpdate } from '../../protocol/orders.ts';
import { isFinal } from '../../protocol/task-states.ts';
import type { Clock, Timer } from '../actor.ts';
import type { PlantedBugs } from '../planted.ts';
import type { Journal } from './checkpoint/journal.ts';

export type Status = Pick<StatusUpdate, 'state' | 'reason' | 'message' | 'exitCode' | 'signal'>;

export interface StatusUpdatesOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timing: { readonly updateRetryMinMs: number; readonly updateRetryMaxMs: number };
  readonly planted: PlantedBugs;
  /** False where there is nobody to send to now. */
  send(update: StatusUpdate): boolean;
  /** The last update of an attempt has been acknowledged. */
  settled(attemptId: AttemptId): void;
}

interface Queue {
  readonly taskId: TaskId;
  /** Made in this turn, not on its way to the disk yet. */
  fresh?: StatusUpdate;
  last?: StatusUpdate;
  unacknowledged: StatusUpdate[];
  savedUpTo: number;
  retryAtMs: number;
  retryDelayMs: number;
}

const RETRY_TICK_MS = 250;

export class StatusUpdates {
  private readonly options: StatusUpdatesOptions;
  private readonly queues = new Map<AttemptId, Queue>();
  private readonly fresh = new Set<AttemptId>();
  private readonly open = new Set<AttemptId>();
  private tick: Timer | undefined;

  constructor(options: StatusUpdatesOptions) {
    this.options = options;
  }

  /** What a former run of the agent left. */
  restore(
    attemptId: AttemptId,
    taskId: TaskId,
    unacknowledged: readonly StatusUpdate[],
    last: StatusUpdate | undefined,
  ): void {
    const queue = this.queueOf(attemptId, taskId);
    queue.unacknowledged = [...unacknowledged];
    queue.savedUpTo = last?.number ?? 0;
    if (last !== undefined) queue.last = last;
    if (unacknowledged.length > 0) this.open.add(attemptId);
    this.arm();
  }

  note(attemptId: AttemptId, taskId: TaskId, status: Status): void {
    const queue = this.queueOf(attemptId, taskId);
    queue.fresh = {
      attemptId,
      taskId,
      number: (queue.last?.number ?? 0) + 1,
      atMs: this.options.clock.wallMs(),
      ...status,
    };
    this.fresh.add(attemptId);
  }

  /** At the end of a turn, before the journal's commit. */
  endTurn(): void {
    for (const attemptId of this.fresh) {
      const queue = this.queues.get(attemptId);
      const update = queue?.fresh;
      if (queue === undefined || update === undefined) continue;
      queue.fresh = undefined;
      queue.last = update;
      queue.unacknowledged.push(update);
      this.open.add(attemptId);
      this.options.journal.add({ kind: 'update', update }, () => this.saved(queue, update));
    }
    this.fresh.clear();
  }

  /** The update and all before it are in the tree. */
  acknowledge(attemptId: AttemptId, number: number): void {
    const queue = this.queues.get(attemptId);
    const first = queue?.unacknowledged[0];
    if (queue === undefined || first === undefined || first.number > number) return;
    queue.unacknowledged = queue.unacknowledged.filter((update) => update.number > number);
    queue.retryDelayMs = this.options.timing.updateRetryMinMs;
    const isLast = queue.unacknowledged.length === 0;
    if (isLast) this.open.delete(attemptId);
    if (isLast && queue.last !== undefined && isFinal(queue.last.state))
      this.options.settled(attemptId);
    else this.options.journal.add({ kind: 'acknowledged', attemptId, number });
  }

  /** On disk and not acknowledged, in order. */
  unacknowledged(attemptId: AttemptId): readonly StatusUpdate[] {
    const queue = this.queues.get(attemptId);
    return queue?.unacknowledged.filter((update) => update.number <= queue.savedUpTo) ?? [];
  }

  /** All that were made and not acknowledged, whether on disk or on the way there. */
  pending(attemptId: AttemptId): readonly StatusUpdate[] {
    return this.queues.get(attemptId)?.unacknowledged ?? [];
  }

  last(attemptId: AttemptId): StatusUpdate | undefined {
    return this.queues.get(attemptId)?.last;
  }

  /** Sends again at once: the master asks for what it should know already. */
  repeat(attemptId: AttemptId): void {
    const queue = this.queues.get(attemptId);
    if (queue === undefined) return;
    const waiting = this.unacknowledged(attemptId);
    if (waiting.length > 0) this.sendAll(queue, waiting);
    else if (queue.last !== undefined && queue.last.number <= queue.savedUpTo)
      this.options.send(queue.last);
  }

  /** A newly registered master has been told in the report: what it does not acknowledge is sent after the usual time. */
  restartRetries(sendNow: boolean): void {
    const now = this.options.clock.monotonicMs();
    for (const attemptId of this.open) {
      const queue = this.queues.get(attemptId)!;
      queue.retryDelayMs = this.options.timing.updateRetryMinMs;
      queue.retryAtMs = sendNow ? now : now + queue.retryDelayMs;
    }
    this.arm();
  }

  forget(attemptId: AttemptId): void {
    this.queues.delete(attemptId);
    this.fresh.delete(attemptId);
    this.open.delete(attemptId);
  }

  get openCount(): number {
    return this.open.size + this.fresh.size;
  }

  stop(): void {
    this.tick?.cancel();
  }

  private saved(queue: Queue, update: StatusUpdate): void {
    queue.savedUpTo = update.number;
    // An earlier one may have been lost on its way: the master accepts the jump, and acknowledges both.
    if (queue.unacknowledged.includes(update)) this.sendAll(queue, [update]);
  }

  private sendAll(queue: Queue, updates: readonly StatusUpdate[]): void {
    queue.retryAtMs = this.options.clock.monotonicMs() + queue.retryDelayMs;
    for (const update of updates) {
      const sent = this.options.send(update);
      if (sent && this.options.planted.has('update-forgotten-before-acknowledgement'))
        this.acknowledge(update.attemptId, update.number);
    }
    this.arm();
  }

  private arm(): void {
    if (this.tick !== undefined || this.open.size === 0) return;
    this.tick = this.options.clock.after(RETRY_TICK_MS, () => {
      this.tick = undefined;
      this.retry();
      this.arm();
    });
  }

  private retry(): void {
    const now = this.options.clock.monotonicMs();
    for (const attemptId of [...this.open]) {
      const queue = this.queues.get(attemptId);
      if (queue === undefined || queue.retryAtMs > now) continue;
      queue.retryDelayMs = Math.min(2 * queue.retryDelayMs, this.options.timing.updateRetryMaxMs);
      this.sendAll(queue, this.unacknowledged(attemptId));
    }
  }

  private queueOf(attemptId: AttemptId, taskId: TaskId): Queue {
    let queue = this.queues.get(attemptId);
    if (queue === undefined) {
      const { updateRetryMinMs } = this.options.timing;
      queue = {
        taskId,
        unacknowledged: [],
        savedUpTo: 0,
        retryAtMs: this.options.clock.monotonicMs() + updateRetryMinMs,
        retryDelayMs: updateRetryMinMs,
      };
      this.queues.set(attemptId, queue);
    }
    return queue;
  }
}
