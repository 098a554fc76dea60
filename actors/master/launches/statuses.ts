/**
 * What frameworks are told of their launched tasks: one status of a task at a time, in order, again until it is
 * acknowledged. A status is in the tree before it leaves this process.
 */
import type { TaskStatus } from '../../../protocol/framework-api.ts';
import type { TaskState } from '../../../protocol/task-states.ts';
import type { Clock } from '../../actor.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { LaunchBook } from './book.ts';
import { type Launch, uuidOf } from './launch.ts';
import type { Fact } from './life.ts';

/** A framework that is there and does not acknowledge is told again after this long. */
const REPEAT_MS = 10_000;
/** As many as a life has without an agent that comes and goes; of those in between the oldest are forgotten. */
export const PENDING_MAX = 5;

/** States that only frameworks with the capability understand. */
const capabilities: Readonly<Partial<Record<TaskState, string>>> = {
  TASK_KILLING: 'TASK_KILLING_STATE',
  TASK_UNREACHABLE: 'PARTITION_AWARE',
};

export class Statuses {
  private readonly clock: Clock;
  private readonly launches: LaunchBook;
  private readonly planted: PlantedBugs;

  constructor(clock: Clock, launches: LaunchBook, planted: PlantedBugs) {
    this.clock = clock;
    this.launches = launches;
    this.planted = planted;
  }

  /** The launch has come to the state that it has now. */
  add(launch: Launch, fact: Fact): void {
    const state = launch.chart.state!;
    const needed = capabilities[state];
    if (needed !== undefined && !launch.framework.hasCapability(needed)) return;
    launch.statuses += 1;
    const uuid = uuidOf(launch.attemptId, launch.statuses);
    launch.pending.push({ ...statusOf(launch, state, fact), uuid });
    // The first is under way already.
    if (launch.pending.length > PENDING_MAX) launch.pending.splice(1, 1);
    if (launch.pending.length === 1) this.tell(launch);
  }

  /** Whether this was the status that waited for it. */
  acknowledge(launch: Launch, uuid: string): boolean {
    if (launch.pending[0]?.uuid !== uuid) return false;
    launch.pending.shift();
    if (this.planted.has('status-skipped') && launch.pending.length > 1) launch.pending.shift();
    launch.toldAtMs = undefined;
    this.tell(launch);
    return true;
  }

  /** A framework has subscribed: whatever it has not acknowledged comes again. */
  tellAll(launches: Iterable<Launch>): void {
    for (const launch of launches) this.tell(launch);
  }

  tick(): void {
    const before = this.clock.monotonicMs() - REPEAT_MS;
    for (const launch of this.launches.all())
      if (launch.pending.length > 0 && (launch.toldAtMs ?? before) <= before) this.tell(launch);
  }

  private tell(launch: Launch): void {
    const status = launch.pending[0];
    if (status === undefined) return;
    launch.toldAtMs = this.clock.monotonicMs();
    launch.framework.tell({ type: 'UPDATE', update: { status } });
  }
}

export function statusOf(launch: Launch, state: TaskState, fact: Fact): TaskStatus {
  return {
    task_id: launch.info.task_id,
    agent_id: launch.info.agent_id,
    state,
    source: fact.source ?? 'SOURCE_MASTER',
    timestamp: fact.atMs / 1000,
    ...(fact.reason !== undefined && { reason: fact.reason }),
    ...(fact.message !== undefined && { message: fact.message }),
    ...(fact.exitCode !== undefined && { exit_code: fact.exitCode }),
    ...(fact.signal !== undefined && { signal: fact.signal }),
  };
}
