/**
 * The bundled framework `tasks`: it runs what is submitted on `mz.task.submit`. For the master it is a framework as any
 * other: it asks for resources by REQUEST, launches out of the offers that answer, and acknowledges what it is told.
 * What it has promised (tasks, dependencies, retries) it keeps in the tree itself.
 */
import { encode } from '../../../protocol/codec.ts';
import { type FrameworkInfo, REQUESTED_OFFERS } from '../../../protocol/framework-api.ts';
import type { FrameworkId, TaskId } from '../../../protocol/ids.ts';
import { toMesos } from '../../../protocol/mesos-resources.ts';
import { NOTHING } from '../../../protocol/resources.ts';
import { type Subjects, subjectsOf } from '../../../protocol/subjects.ts';
import type { TaskEvent } from '../../../protocol/task-api.ts';
import type { BundledFramework, BundledParts, Route, WriteGroup } from '../../bundled.ts';
import { type RequestInput, Scheduler } from '../sdk/scheduler.ts';
import { Attempts } from './attempts.ts';
import { TaskBook } from './book.ts';
import { TaskLife } from './life.ts';
import { MetricsKeeper } from './metrics.ts';
import { defaultRetention, type Retention } from './options.ts';
import { Output } from './output.ts';
import { TaskRecovery } from './recovery.ts';
import { removeOldTasks } from './retention.ts';
import { routesOf } from './routes.ts';
import { killGraceMsOf, type Task } from './task.ts';

export interface TasksOptions {
  readonly retention?: Partial<Retention>;
}

export class TasksFramework implements BundledFramework {
  readonly id = 'tasks' as FrameworkId;
  readonly info: FrameworkInfo = {
    user: '',
    name: 'tasks',
    failover_timeout: 0,
    capabilities: [
      { type: REQUESTED_OFFERS },
      { type: 'PARTITION_AWARE' },
      { type: 'TASK_KILLING_STATE' },
    ],
  };
  readonly routes: readonly Route[];
  readonly parts: BundledParts;
  readonly book = new TaskBook();
  readonly keeper = new MetricsKeeper();
  readonly life: TaskLife;
  readonly output: Output;
  readonly scheduler: Scheduler;
  private readonly subjects: Subjects;
  private readonly attempts: Attempts;
  private readonly recovery: TaskRecovery;
  private readonly retention: Retention;
  /** Tasks whose request the master has, or will have at the end of the turn. */
  private readonly asked = new Set<TaskId>();
  private requests = new Map<TaskId, RequestInput>();
  private withdrawn: TaskId[] = [];
  private isSuppressed = false;

  constructor(parts: BundledParts, options: TasksOptions = {}) {
    const { clock, log } = parts.ports;
    const { book, keeper: metrics } = this;
    this.parts = parts;
    this.retention = { ...defaultRetention, ...options.retention };
    this.subjects = subjectsOf(parts.cluster);
    this.scheduler = new Scheduler(parts.link, {
      subscribed: () => this.attempts.reconcile(book.all()),
      offers: (offers) => this.attempts.launch(offers),
      update: (status) => this.attempts.update(status),
      callFailed: (call, error) =>
        log.error('call of the framework failed', { type: call.type, error: error.message }),
    });
    const { scheduler } = this;
    this.output = new Output(clock, scheduler);
    this.life = new TaskLife({
      clock,
      book,
      metrics,
      inspection: parts.ports.inspection,
      tell: (event) => this.tell(event),
      joinLine: (task) => this.joinLine(task),
      leaveLine: (task) => this.leaveLine(task),
      orderLaunch: (task) => this.attempts.orderLaunch(task),
      orderKill: (task) => this.orderKill(task),
    });
    this.attempts = new Attempts({
      clock,
      book,
      life: this.life,
      metrics,
      scheduler,
      met: (task) => this.asked.delete(task.id),
      launched: (task) => this.output.launched(task),
    });
    this.recovery = new TaskRecovery({ client: parts.client, clock, log });
    this.routes = routesOf(this, this.subjects);
  }

  recover(ready: () => void): void {
    this.recovery.start((tasks) => {
      for (const task of tasks) this.book.addRecovered(task);
      for (const task of tasks) this.keeper.recovered(task);
      for (const task of tasks) if (!task.chart.isFinal) this.resume(task);
      this.life.recovered();
      this.parts.ports.log.info('tasks recovered', {
        tasks: this.book.size,
        live: this.book.liveCount,
      });
      ready();
    });
  }

  tick(): void {
    const { clock } = this.parts.ports;
    this.life.retriesDue(clock.monotonicMs());
    this.output.tick();
    removeOldTasks(this.book, this.keeper, this.retention, clock.wallMs());
    // From time to time, so that a short pause between two tasks is no suppression.
    if (this.asked.size > 0 || this.isSuppressed) return;
    this.isSuppressed = true;
    this.scheduler.suppress();
  }

  beforeWrites(): void {
    if (this.withdrawn.length > 0 || this.requests.size > 0) {
      this.scheduler.request([...this.requests.values()], this.withdrawn);
      this.requests = new Map();
      this.withdrawn = [];
    }
    if (this.asked.size === 0 || !this.isSuppressed) return;
    this.isSuppressed = false;
    this.scheduler.revive();
  }

  takeChanges(): Iterable<WriteGroup> {
    return this.book.takeChanges(this.parts.acl);
  }

  metrics() {
    return this.keeper.report();
  }

  countByState() {
    return this.book.countByState();
  }

  end(): void {
    this.recovery.cancel();
    this.life.end();
  }

  publishEvent(event: TaskEvent): void {
    this.parts.ports.transport.publish(
      this.subjects.taskEvents(event.taskId as TaskId),
      encode(event, 'json'),
    );
  }

  private resume(task: Task): void {
    const dependencies: Task[] = [];
    const missing: TaskId[] = [];
    for (const id of new Set(task.request.dependsOn as TaskId[])) {
      const dependency = this.book.get(id);
      if (dependency === undefined) missing.push(id);
      else dependencies.push(dependency);
    }
    this.life.resume(task, dependencies, missing);
  }

  private tell(event: TaskEvent): void {
    const bytes = encode(event, 'json');
    const subject = this.subjects.taskEvents(event.taskId as TaskId);
    this.parts.afterwards(() => this.parts.ports.transport.publish(subject, bytes));
  }

  private joinLine({ id, order, request }: Task): void {
    const { resources, queue, priority, constraints } = request;
    this.asked.add(id);
    this.requests.set(id, {
      id,
      resources: toMesos({ ...NOTHING, ...resources, ports: [] }),
      port_count: resources.ports,
      queue,
      priority,
      order,
      constraints,
    });
  }

  private leaveLine({ id }: Task): void {
    // One that was met is not there to be withdrawn.
    if (!this.asked.delete(id)) return;
    if (!this.requests.delete(id)) this.withdrawn.push(id);
  }

  private orderKill(task: Task): void {
    this.scheduler.kill(
      { value: task.attempt!.attemptId },
      { graceSeconds: killGraceMsOf(task) / 1000 },
    );
  }
}
