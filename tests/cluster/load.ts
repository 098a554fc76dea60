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

export class Load {
  private readonly client: NatsConnection;
  private readonly parent: string;
  private readonly directory: string;
  private running = true;
  private readonly loops: Promise<void>[] = [];
  readonly acknowledgedPaths: string[] = [];
  readonly acknowledgedTasks: string[] = [];
  private readonly starts = new Map<string, number>();
  private readonly submittedAt = new Map<string, number>();
  private readonly writes: { readonly beganMs: number; readonly answeredMs: number }[] = [];

  /** `name` tells apart the loads of one cluster. */
  private constructor(client: NatsConnection, name: string, directory: string) {
    this.client = client;
    this.parent = `/load-${name}`;
    this.directory = directory;
  }

  static async start(client: NatsConnection, name: string, directory: string): Promise<Load> {
    const load = new Load(client, name, directory);
    await load.insist('mz.znode.create', { path: load.parent });
    client.subscribe('mz.task.events.*', {
      callback: (_error, message) => {
        const { taskId, state } = message.json<{ taskId: string; state: string }>();
        if (state === 'TASK_RUNNING' || state === 'TASK_FINISHED')
          if (!load.starts.has(taskId)) load.starts.set(taskId, performance.now());
      },
    });
    for (let index = 0; index < WRITERS; index += 1) load.loops.push(load.write(index));
    for (let index = 0; index < SUBMITTERS; index += 1) load.loops.push(load.submit(index));
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

  get runsFile(): string {
    return join(this.directory, `runs${this.parent.replace('/', '-')}`);
  }

  private async write(writer: number): Promise<void> {
    for (let count = 1; this.running; count += 1) {
      const path = `${this.parent}/${writer}-${count}`;
      const beganMs = performance.now();
      await this.insist('mz.znode.create', { path, data: String(count) });
      this.acknowledgedPaths.push(path);
      this.writes.push({ beganMs, answeredMs: performance.now() });
    }
  }

  private async submit(submitter: number): Promise<void> {
    for (let count = 1; this.running; count += 1) {
      const submittedMs = performance.now();
      const key = `${this.parent.slice(1)}-${submitter}-${count}`;
      const { taskId } = await this.insist('mz.task.submit', {
        name: key,
        command: `echo ${key} >> ${this.runsFile}; sleep ${TASK_SECONDS}`,
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
