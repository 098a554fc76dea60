/**
 * The attempts of the tasks, as Mesos has tasks: each is launched out of an offer under an id of its own, and lives by
 * the statuses that come for it.
 */
import { assert } from '../../../protocol/errors.ts';
import type { Offer, TaskStatus } from '../../../protocol/framework-api.ts';
import type { AgentId, AttemptId, TaskId } from '../../../protocol/ids.ts';
import { fromMesos, type MesosResource, toMesos } from '../../../protocol/mesos-resources.ts';
import type { TaskRequest } from '../../../protocol/task-api.ts';
import { refusalReasons, type TaskState } from '../../../protocol/task-states.ts';
import type { Clock } from '../../actor.ts';
import type { Scheduler, TaskInfoInput } from '../sdk/scheduler.ts';
import type { TaskBook } from './book.ts';
import type { TaskEventType } from './chart.ts';
import { attemptIdOf } from './identity.ts';
import type { Fact, TaskLife } from './life.ts';
import type { MetricsKeeper } from './metrics.ts';
import { type Attempt, killGraceMsOf, type Task } from './task.ts';

export interface AttemptsParts {
  readonly clock: Clock;
  readonly book: TaskBook;
  readonly life: TaskLife;
  readonly metrics: MetricsKeeper;
  readonly scheduler: Scheduler;
  /** Whether the request for it is the one that is met, and not one that was withdrawn meanwhile. */
  readonly met: (task: Task) => boolean;
  /** Its launch is accepted. */
  readonly launched: (task: Task) => void;
}

const eventOf: Readonly<Partial<Record<TaskState, TaskEventType>>> = {
  TASK_STAGING: 'ATTEMPT_STAGING',
  TASK_STARTING: 'ATTEMPT_STARTING',
  TASK_RUNNING: 'ATTEMPT_RUNNING',
  /** Of one that was unreachable: it is back, and its kill goes on. */
  TASK_KILLING: 'ATTEMPT_RUNNING',
  TASK_UNREACHABLE: 'AGENT_UNREACHABLE',
  TASK_FINISHED: 'ATTEMPT_FINISHED',
  TASK_FAILED: 'ATTEMPT_FAILED',
  TASK_KILLED: 'ATTEMPT_KILLED',
  TASK_ERROR: 'ATTEMPT_FAILED',
  TASK_LOST: 'ATTEMPT_LOST',
};

/** What is not used goes to others at once. */
const NO_FILTER = { refuse_seconds: 0 };

/** What is to be launched out of the offer that is being answered. */
interface Launching {
  readonly offer: Offer;
  readonly infos: TaskInfoInput[];
  readonly tasks: Task[];
}

export class Attempts {
  private readonly parts: AttemptsParts;
  private launching: Launching | undefined;

  constructor(parts: AttemptsParts) {
    this.parts = parts;
  }

  /** Each offer answers requests of ours. */
  launch(offers: readonly Offer[]): void {
    for (const offer of offers) {
      const launching: Launching = { offer, infos: [], tasks: [] };
      this.launching = launching;
      for (const { id, resources } of offer.requests ?? []) {
        const task = this.parts.book.get(id as TaskId);
        if (task !== undefined && this.parts.met(task)) this.begin(task, offer, resources);
      }
      this.launching = undefined;
      this.parts.scheduler.launch([offer], launching.infos, NO_FILTER, (result) =>
        assert(result.ok, `offer ${offer.id.value} was not accepted`),
      );
      for (const task of launching.tasks) this.parts.launched(task);
    }
  }

  /** The chart says so: its attempt is launched with the offer that is being answered. */
  orderLaunch(task: Task): void {
    const { launching } = this;
    assert(launching !== undefined, `task ${task.id} is launched out of an offer`);
    launching.tasks.push(task);
    launching.infos.push(infoOf(task.request, task.attempt!, launching.offer));
  }

  update(status: TaskStatus): void {
    const attemptId = status.task_id.value as AttemptId;
    const task = this.parts.book.get(attemptId.slice(0, attemptId.indexOf('.')) as TaskId);
    if (task?.attempt?.attemptId === attemptId && task.chart.isActive)
      this.take(task, task.attempt, status);
    // A killed attempt of a task that was decided without it, say: it is of no interest any more.
    else if (isLive(status)) this.parts.scheduler.kill(status.task_id, { graceSeconds: 0 });
    this.parts.scheduler.acknowledge(status);
  }

  /** Those that a former leadership has noted: whether the master has them too, it says itself. */
  reconcile(tasks: Iterable<Task>): void {
    const ids: { value: string }[] = [];
    for (const { chart, attempt } of tasks)
      if (chart.isActive) ids.push({ value: attempt!.attemptId });
    if (ids.length > 0) this.parts.scheduler.reconcile(ids);
  }

  private begin(task: Task, offer: Offer, resources: readonly MesosResource[]): void {
    const { clock, metrics, life } = this.parts;
    const atMs = clock.wallMs();
    task.attempts += 1;
    const attemptId = attemptIdOf(task, task.attempts);
    task.attempt = {
      attemptId,
      agentId: offer.agent_id.value as AgentId,
      hostname: offer.hostname,
      resources: fromMesos(resources),
      stagedAtMs: atMs,
    };
    metrics.allocated(task, task.attempt.resources);
    metrics.count('launches');
    life.send(task, 'LAUNCHED', { atMs });
    this.parts.book.writeLast(task);
  }

  private take(task: Task, attempt: Attempt, status: TaskStatus): void {
    const { life, metrics } = this.parts;
    const { state, reason, message, exit_code: exitCode, signal } = status;
    const atMs = status.timestamp * 1000;
    if (reason === 'REASON_RECONCILIATION') {
      // It is known, and what happens to it comes as an update of its own. What a leadership that ended in between had
      // noted here, and not there, does not come again.
      const isBack = task.chart.value === 'unreachable' && state !== 'TASK_UNREACHABLE';
      if (isBack && isLive(status)) life.send(task, eventOf[state]!, { atMs, reason });
      if (state !== 'TASK_KILLING' && task.chart.value === 'killing') this.killAgain(task, attempt);
      return;
    }
    const fact: Fact = { atMs, reason, message, exitCode, signal };
    // Noted, and never launched: the leadership ended in between.
    if (reason === 'REASON_TASK_UNKNOWN') {
      life.send(task, 'ATTEMPT_REFUSED', fact);
      return;
    }
    const hasStarted =
      (state === 'TASK_RUNNING' || state === 'TASK_FINISHED') && attempt.startedAtMs === undefined;
    if (hasStarted) {
      attempt.startedAtMs = atMs;
      // Refused attempts do not count: they were given back.
      if (task.chart.context.attemptsLeft === task.request.retry.attempts - 1)
        metrics.taskStarted(task, atMs);
    }
    const isEnd = !isLive(status);
    if (isEnd) {
      attempt.endedAtMs = atMs;
      attempt.exitCode = exitCode;
      attempt.signal = signal;
    }
    const isRefusal =
      state === 'TASK_LOST' && reason !== undefined && refusalReasons.includes(reason);
    const event = isRefusal ? 'ATTEMPT_REFUSED' : eventOf[state];
    if (event !== undefined && life.knows(task, event)) life.send(task, event, fact);
    // A task that is being killed stays so when its attempt reports that it has started.
    else if (hasStarted) this.parts.book.changed(task, task.chart.state);
  }

  /** The order was given under a leader that has gone before it had the tree's word for it. */
  private killAgain(task: Task, attempt: Attempt): void {
    this.parts.scheduler.kill(
      { value: attempt.attemptId },
      { graceSeconds: killGraceMsOf(task) / 1000 },
    );
  }
}

function isLive({ state }: TaskStatus): boolean {
  return (
    state === 'TASK_STAGING' ||
    state === 'TASK_STARTING' ||
    state === 'TASK_RUNNING' ||
    state === 'TASK_KILLING' ||
    state === 'TASK_UNREACHABLE'
  );
}

const NANOSECONDS = 1e9;
const MIB = 1024 * 1024;

function infoOf(
  request: TaskRequest,
  { attemptId, resources }: Attempt,
  offer: Offer,
): TaskInfoInput {
  const { argv, command, timeoutSeconds } = request;
  const variables = Object.entries(request.env).map(([name, value]) => ({ name, value }));
  return {
    name: request.name,
    task_id: { value: attemptId },
    agent_id: offer.agent_id,
    resources: toMesos(resources),
    command: {
      ...(argv === undefined
        ? { shell: true, value: command! }
        : { shell: false, value: argv[0]!, arguments: [request.name, ...argv.slice(1)] }),
      environment: { variables },
      user: request.user,
    },
    ...containerOf(request.limits),
    kill_policy: { grace_period: { nanoseconds: request.killGraceSeconds * NANOSECONDS } },
    ...(timeoutSeconds !== undefined && {
      max_completion_time: { nanoseconds: timeoutSeconds * NANOSECONDS },
    }),
  };
}

function containerOf(limits: TaskRequest['limits']): Pick<TaskInfoInput, 'container'> {
  if (limits === undefined) return {};
  const bound = (type: 'RLMT_NOFILE' | 'RLMT_AS' | 'RLMT_FSIZE', value: number | undefined) =>
    value === undefined ? [] : [{ type, hard: value, soft: value }];
  const bytes = (mebibytes: number | undefined) => mebibytes && mebibytes * MIB;
  const rlimits = [
    ...bound('RLMT_NOFILE', limits.openFiles),
    ...bound('RLMT_AS', bytes(limits.addressSpaceMiB)),
    ...bound('RLMT_FSIZE', bytes(limits.fileSizeMiB)),
  ];
  return { container: { rlimit_info: { rlimits } } };
}
