/**
 * A user of the scheduler: a bare client of the subjects, without a session. Submits tasks that depend on each other,
 * fail, are tried again, run out of time or are killed; asks again with the same idempotency key when an answer is
 * lost, and now and then without need.
 */
import type { Actor, Ports } from '../../actors/actor.ts';
import { type Outcome, Requests } from '../../actors/coord/client/requests.ts';
import { decode, encode } from '../../protocol/codec.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import type { SubmitInput, TaskEvent, TaskRequestName, TaskView } from '../../protocol/task-api.ts';
import { isFinal } from '../../protocol/task-states.ts';
import type { SeededRandom } from '../random.ts';
import type { TaskRecord, TaskRecords } from './task-records.ts';

export interface TaskClientOptions {
  readonly name: string;
  readonly cluster: string;
  readonly records: TaskRecords;
  readonly random: SeededRandom;
  readonly thinkMs: readonly [number, number];
  readonly tasksMax: number;
  readonly run: number;
}

/** Told to the processes, so that the machines know what they carry. */
export const taskEnvironment = { key: 'SIM_KEY', cpus: 'SIM_CPUS', mem: 'SIM_MEM' } as const;

const ANSWER_MS = 3000;
/** Answers after which the same request is sent again. */
const passing: ReadonlySet<string> = new Set([
  'TIMEOUT',
  'UNAVAILABLE',
  'NOT_LEADER',
  'TOO_MANY_REQUESTS',
  'CONNECTION_LOST',
  'INTERNAL',
]);

export class TaskClient implements Actor {
  private readonly ports: Ports;
  private readonly options: TaskClientOptions;
  private readonly subjects: Subjects;
  private requests: Requests | undefined;
  private issuing = true;
  private counter = 0;
  private readonly mine: TaskRecord[] = [];
  private readonly asking = new Set<TaskRecord>();

  constructor(ports: Ports, options: TaskClientOptions) {
    this.ports = ports;
    this.options = options;
    this.subjects = subjectsOf(options.cluster);
    const prefix = `${options.name}.`;
    for (const record of options.records.byKey.values())
      if (record.key.startsWith(prefix)) this.mine.push(record);
  }

  start(): void {
    this.requests = new Requests(this.ports);
    this.ports.transport.subscribe(this.subjects.taskEvents('*'), (delivery) => {
      const event = decode(delivery.payload).value as unknown as TaskEvent;
      if (isFinal(event.state))
        this.options.records.finalEvents.push({
          taskId: event.taskId,
          state: event.state,
          atMs: event.atMs,
        });
    });
    for (const record of this.mine) if (record.taskId === undefined) this.submit(record);
    this.next();
  }

  endTurn(): void {
    // Everything happens as it comes: there is nothing to gather.
  }

  stop(done: () => void): void {
    this.requests?.close();
    done();
  }

  stopIssuing(): void {
    this.issuing = false;
  }

  /** Asks after every task that has not ended yet, as far as this client knows. */
  probe(): void {
    for (const record of this.mine) {
      if (record.state !== undefined && isFinal(record.state)) continue;
      if (record.refused !== undefined || this.asking.has(record)) continue;
      if (record.taskId === undefined) this.submit(record);
      else this.get(record);
    }
  }

  private next(): void {
    const { thinkMs, random } = this.options;
    this.ports.clock.after(random.between(...thinkMs), () => {
      if (this.issuing) this.issue();
      this.next();
    });
  }

  private issue(): void {
    const { random, tasksMax } = this.options;
    const acknowledged = this.mine.filter((record) => record.taskId !== undefined);
    const action = random.weighted({
      submit: this.mine.length < tasksMax ? 6 : 0,
      kill: 1,
      repeat: 1,
      get: 1,
    });
    if (action === 'submit') this.submitNew();
    if (acknowledged.length === 0) return;
    const record = random.pick(acknowledged);
    if (action === 'kill') this.kill(record);
    if (action === 'repeat') this.submit(record);
    if (action === 'get') this.get(record);
  }

  private submitNew(): void {
    const { random, name, run, records } = this.options;
    const key = `${name}.${run}.${this.counter++}`;
    const exitCode = random.chance(0.75) ? 0 : random.whole(1, 5);
    const seconds = random.pick([0.05, 0.3, 1, 2.5]);
    const cpus = random.pick([0.5, 1, 2, 3]);
    const mem = random.pick([64, 512, 2048]);
    const known = this.mine.flatMap((record) => record.taskId ?? []);
    const dependsOn = random.chance(0.3) && known.length > 0 ? [random.pick(known)] : [];
    const trap = random.chance(0.1) ? "trap '' TERM; " : '';
    const request: SubmitInput = {
      name: key,
      command: `${trap}sleep ${seconds}; exit ${exitCode}`,
      env: {
        [taskEnvironment.key]: key,
        [taskEnvironment.cpus]: String(cpus),
        [taskEnvironment.mem]: String(mem),
      },
      resources: { cpus, mem, ports: random.pick([0, 0, 1, 3]) },
      dependsOn,
      idempotencyKey: key,
      killGraceSeconds: 0.3,
      retry: { attempts: random.pick([1, 1, 2, 3]), delaySeconds: 0.2 },
      ...(random.chance(0.1) && { timeoutSeconds: 0.5 }),
    };
    const record: TaskRecord = {
      key,
      request,
      exitCode,
      taskId: undefined,
      refused: undefined,
      killAsked: false,
      killed: false,
      state: undefined,
      reason: undefined,
      taskExitCode: undefined,
      attempts: 0,
      submissions: 0,
    };
    records.byKey.set(key, record);
    this.mine.push(record);
    this.submit(record);
  }

  private submit(record: TaskRecord): void {
    if (record.refused !== undefined) return;
    record.submissions++;
    this.ask(record, 'submit', record.request, (value) => {
      const taskId = value.taskId as string;
      if (record.taskId !== undefined && record.taskId !== taskId)
        this.options.records.contradictions.push(
          `${record.key} was acknowledged as ${record.taskId} and as ${taskId}`,
        );
      record.taskId = taskId;
    });
  }

  private kill(record: TaskRecord): void {
    record.killAsked = true;
    this.ask(record, 'kill', { taskId: record.taskId }, () => {
      record.killed = true;
    });
  }

  private get(record: TaskRecord): void {
    this.ask(record, 'get', { taskId: record.taskId }, (value) => {
      const view = value as unknown as TaskView;
      if (record.state !== undefined && isFinal(record.state) && record.state !== view.state)
        this.options.records.contradictions.push(
          `${record.key} was told to be ${record.state}, then ${view.state}`,
        );
      record.state = view.state;
      record.reason = view.reason;
      record.taskExitCode = view.exitCode;
      record.attempts = view.attempts;
    });
  }

  private ask(
    record: TaskRecord,
    name: TaskRequestName,
    request: object,
    done: (value: Record<string, unknown>) => void,
  ): void {
    this.asking.add(record);
    this.requests?.ask(
      this.subjects.task(name),
      encode(request, this.options.random.chance(0.5) ? 'json' : 'msgpack'),
      ANSWER_MS,
      (outcome) => {
        this.asking.delete(record);
        this.receive(record, name, request, outcome, done);
      },
    );
  }

  private receive(
    record: TaskRecord,
    name: TaskRequestName,
    request: object,
    outcome: Outcome,
    done: (value: Record<string, unknown>) => void,
  ): void {
    if (outcome.kind === 'reply') {
      done(outcome.value);
      return;
    }
    const code = outcome.kind === 'error' ? outcome.error.code : 'TIMEOUT';
    if (passing.has(code)) {
      this.ports.clock.after(this.options.random.between(100, 600), () =>
        this.ask(record, name, request, done),
      );
      return;
    }
    if (name === 'submit') record.refused = code;
    if (name === 'get' && record.taskId !== undefined)
      this.options.records.contradictions.push(
        `${record.key} was acknowledged as ${record.taskId}, then get was answered with ${code}`,
      );
  }
}
