/**
 * What a framework has launched and what it was told: its own store, which outlives its processes and is shared by its
 * instances. Framework clients write it, checkers read it.
 */
import type { TaskStatus } from '../../protocol/framework-api.ts';
import { isFinal } from '../../protocol/task-states.ts';

export interface HeardStatus {
  readonly status: TaskStatus;
  readonly atMs: number;
}

export interface FrameworkTask {
  /** Never used twice; the key of its process, too. */
  readonly taskId: string;
  /** How its command ends when nothing comes between. */
  readonly exitCode: number;
  /** It may be killed because its time is up. */
  readonly isTimed: boolean;
  killAsked: boolean;
  /** In order, repeats and answers to reconciliation included. */
  readonly heard: HeardStatus[];
  /** By uuid: when the first acknowledgement of it left. */
  readonly acknowledgedAtMs: Map<string, number>;
  /** The master has taken the acknowledgement of the end. */
  isSettled: boolean;
}

export class FrameworkRecords {
  readonly id: string;
  readonly tasks = new Map<string, FrameworkTask>();
  /** Of the quiet time: of an offer that was made for it. */
  isLastRequestMet = false;
  /** When it was first asked for. */
  tornDownFromMs: number | undefined;
  /** Its id was refused after that. */
  isRefused = false;
  /** What instances were told when their subscription was ended for good. */
  readonly dismissals: string[] = [];
  /** Hosts all of whose resources were offered since faults and launches have stopped. */
  readonly offeredWhole = new Set<string>();
  private readonly nowMs: () => number;

  constructor(id: string, nowMs: () => number) {
    this.id = id;
    this.nowMs = nowMs;
  }

  /** Those that the framework still has to look after. */
  open(): readonly FrameworkTask[] {
    return [...this.tasks.values()].filter((task) => !task.isSettled && !wasNotLaunched(task));
  }

  add(task: Pick<FrameworkTask, 'taskId' | 'exitCode' | 'isTimed'>): void {
    this.tasks.set(task.taskId, {
      ...task,
      killAsked: false,
      heard: [],
      acknowledgedAtMs: new Map(),
      isSettled: false,
    });
  }

  tearsDown(): void {
    this.tornDownFromMs ??= this.nowMs();
  }

  heard(status: TaskStatus): void {
    this.tasks.get(status.task_id.value)?.heard.push({ status, atMs: this.nowMs() });
  }

  acknowledges({ task_id, uuid }: TaskStatus): void {
    const sent = this.tasks.get(task_id.value)?.acknowledgedAtMs;
    if (uuid !== undefined && sent?.has(uuid) === false) sent.set(uuid, this.nowMs());
  }

  acknowledged({ task_id, state }: TaskStatus): void {
    const task = this.tasks.get(task_id.value);
    if (task !== undefined && isFinal(state)) task.isSettled = true;
  }
}

/** The first word that the master does not have it: without a uuid, since it is no event of a launched task. */
export function refusalOf({ heard }: FrameworkTask): HeardStatus | undefined {
  return heard.find(
    ({ status: { uuid, reason } }) =>
      uuid === undefined && reason !== undefined && refusals.has(reason),
  );
}

const refusals: ReadonlySet<string> = new Set([
  'REASON_TASK_INVALID',
  'REASON_INVALID_OFFERS',
  'REASON_INSUFFICIENT_RESOURCES',
  'REASON_TASK_UNKNOWN',
]);

function wasNotLaunched(task: FrameworkTask): boolean {
  return refusalOf(task) !== undefined;
}
