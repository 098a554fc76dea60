/** A steady load of znode writes and tasks from a bare client, and the account of what was acknowledged. */
import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { ask, pause } from './harness.ts';

const WRITERS = 8;
const SUBMITTERS = 2;
const TASK_SECONDS = 0.3;
const FINAL = /^TASK_(FINISHED|FAILED|KILLED|ERROR|LOST)$/;

export interface Recovery {
  /** From the fault to the answer of the first write that was begun after it. */
  readonly writeMs: number;
  /** From the fault to the first start of a task that was submitted after it. */
  readonly launchMs: number;
}

/** Told of each success, for those who draw it over time. */
export interface LoadObserver {
  wrote(beganMs: number, answeredMs: number): void;
  started(atMs: number): void;
}

export interface LoadOptions {
  /** Tells apart the loads of one cluster. */
  readonly name: string;
  /** Where the tasks note their runs, as they see it. */
  readonly directory: string;
  /** Of each writer, after each write. */
  readonly pauseMs?: number;
  readonly observer?: LoadObserver;
  /** What the tasks run, instead of a line with the key in `runsFile` and a short sleep. */
  readonly task?: (submitter: number, runsFile: string) => { command: string; retry?: object };
}

export class Load {
  private readonly client: NatsConnection;
  private readonly parent: string;
  private readonly options: LoadOptions;
  private running = true;
  private readonly loops: Promise<void>[] = [];
  readonly acknowledgedPaths: string[] = [];
  readonly acknowledgedTasks: string[] = [];
  private readonly starts = new Map<string, number>();
  private readonly submittedAt = new Map<string, number>();
  private readonly writes: { readonly beganMs: number; readonly answeredMs: number }[] = [];

  private constructor(client: NatsConnection, options: LoadOptions) {
    this.client = client;
    this.parent = `/load-${options.name}`;
    this.options = options;
  }

  static async start(client: NatsConnection, options: LoadOptions): Promise<Load> {
    const load = new Load(client, options);
    await load.insist('mz.znode.create', { path: load.parent });
    client.subscribe('mz.task.events.*', {
      callback: (_error, message) => {
        const { taskId, state } = message.json<{ taskId: string; state: string }>();
        if (state === 'TASK_RUNNING' || state === 'TASK_FINISHED')
          if (!load.starts.has(taskId)) load.began(taskId);
      },
    });
    for (let index = 0; index < WRITERS; index += 1) load.loops.push(load.write(index));
    for (let index = 0; index < SUBMITTERS; index += 1) load.loops.push(load.submit(index));
    // What goes wrong in one of them is told by `stop`.
    for (const loop of load.loops) loop.catch(() => undefined);
    return load;
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  /** Waits until writes and launches go on after the fault. */
  async recovered(faultMs: number): Promise<Recovery> {
    for (;;) {
      const write = this.writes.find(({ beganMs }) => beganMs >= faultMs);
      const launches = [...this.submittedAt]
        .filter(([, submittedMs]) => submittedMs >= faultMs)
        .map(([taskId]) => this.starts.get(taskId))
        .filter((startedMs) => startedMs !== undefined);
      if (write !== undefined && launches.length > 0)
        return { writeMs: write.answeredMs - faultMs, launchMs: Math.min(...launches) - faultMs };
      await pause(10);
    }
  }

  /** Acknowledged paths that are not in the tree. */
  async missingPaths(): Promise<string[]> {
    const present = new Set<string>();
    let after: string | undefined;
    for (;;) {
      const { children, more } = (await this.insist('mz.znode.children', {
        ...{ path: this.parent, linearizable: true, limit: 5000 },
        ...(after !== undefined && { after }),
      })) as { children: string[]; more: boolean };
      for (const name of children) present.add(`${this.parent}/${name}`);
      after = children.at(-1);
      if (!more) break;
    }
    return this.acknowledgedPaths.filter((path) => !present.has(path));
  }

  /** The final state and exit code of every acknowledged task, once each has one. */
  async finalStates(): Promise<Map<string, { state: string; exitCode?: number }>> {
    const finals = new Map<string, { state: string; exitCode?: number }>();
    for (const taskId of this.acknowledgedTasks) {
      for (;;) {
        const task = await this.insist('mz.task.get', { taskId });
        if (FINAL.test(String(task.state))) {
          finals.set(taskId, task as { state: string; exitCode?: number });
          break;
        }
        await pause(50);
      }
    }
    return finals;
  }

  /** Takes what was written out of the tree again. */
  async removePaths(): Promise<void> {
    for (;;) {
      const { children } = (await this.insist('mz.znode.children', {
        ...{ path: this.parent, linearizable: true, limit: 1000 },
      })) as { children: string[] };
      const paths = children.map((name) => `${this.parent}/${name}`);
      if (paths.length === 0) break;
      const operations = paths.map((path) => ({ op: 'delete', path }));
      // An answer that was lost makes the repeat fail: the next look tells what is left.
      await ask(this.client, 'mz.znode.multi', { operations }).catch(() => pause(10));
    }
    await ask(this.client, 'mz.znode.delete', { path: this.parent });
  }

  get runsFile(): string {
    return join(this.options.directory, `runs${this.parent.replace('/', '-')}`);
  }

  private began(taskId: string): void {
    const nowMs = performance.now();
    this.starts.set(taskId, nowMs);
    this.options.observer?.started(nowMs);
  }

  private async write(writer: number): Promise<void> {
    for (let count = 1; this.running; count += 1) {
      const path = `${this.parent}/${writer}-${count}`;
      const beganMs = performance.now();
      await this.insist('mz.znode.create', { path, data: String(count) });
      this.acknowledgedPaths.push(path);
      const answeredMs = performance.now();
      this.writes.push({ beganMs, answeredMs });
      this.options.observer?.wrote(beganMs, answeredMs);
      if (this.options.pauseMs !== undefined) await pause(this.options.pauseMs);
    }
  }

  private async submit(submitter: number): Promise<void> {
    for (let count = 1; this.running; count += 1) {
      const submittedMs = performance.now();
      const key = `${this.parent.slice(1)}-${submitter}-${count}`;
      const { taskId } = await this.insist('mz.task.submit', {
        name: key,
        command: `echo ${key} >> ${this.runsFile}; sleep ${TASK_SECONDS}`,
        ...this.options.task?.(submitter, this.runsFile),
        resources: { cpus: 0.01, mem: 1 },
        idempotencyKey: key,
      });
      this.acknowledgedTasks.push(String(taskId));
      this.submittedAt.set(String(taskId), submittedMs);
      await pause(100);
    }
  }

  /** Asks until there is an answer that is no trouble of the moment. A create that was carried out before is done. */
  private async insist(subject: string, request: object): Promise<Record<string, unknown>> {
    for (;;) {
      try {
        const answer = await ask(this.client, subject, request);
        const error = answer.error as { code: string; message: string } | undefined;
        if (error === undefined || error.code === 'NODE_EXISTS') return answer;
        const passing = ['UNAVAILABLE', 'NOT_LEADER', 'TIMEOUT', 'CONNECTION_LOST'];
        if (![...passing, 'TOO_MANY_REQUESTS'].includes(error.code))
          throw new TypeError(`${subject}: ${error.code} ${error.message}`);
      } catch (error) {
        if (error instanceof TypeError) throw error;
        // Nobody listens just now, or no answer in time.
      }
      await pause(10);
    }
  }
}
