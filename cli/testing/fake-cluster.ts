/** For tests of the commands: answers by subject, events by hand, and what was written to the terminal. */

import { subscriptionOf } from '../../actors/testing/subscription.ts';
import { pack } from '../../protocol/codec.ts';
import { MesozooError } from '../../protocol/errors.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { TaskView } from '../../protocol/task-api.ts';
import type { TaskState } from '../../protocol/task-states.ts';
import { systemClock } from '../../runtime/clock.ts';
import { systemRandom } from '../../runtime/random.ts';
import { type Connection, NoConnection } from '../connection.ts';
import type { Interrupt, Surroundings, Terminal } from '../context.ts';
import { runCommandLine } from '../program.ts';

type Respond = (request: Record<string, unknown>) => unknown;

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class FakeCluster {
  /** Whether standard output is a terminal. */
  terminal = false;
  /** Where there are keys and a size too. */
  screen: FakeTerminal | undefined;
  /** By the subject without the cluster's name: `task.list`. A thrown error is the answer. */
  readonly answers: Record<string, Respond> = {};
  readonly asked: { readonly subject: string; readonly request: Record<string, unknown> }[] = [];
  reachable = true;
  stdin = '';
  env: Record<string, string> = {};
  readonly addresses: string[] = [];
  private readonly listeners = new Map<string, Set<(payload: Uint8Array) => void>>();
  private readonly interrupts = new Set<(signal: Interrupt) => void>();
  readonly readersGone = new Set<() => void>();

  async run(...args: string[]): Promise<Ran> {
    let stdout = '';
    let stderr = '';
    const text = (piece: string | Uint8Array) =>
      typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8');
    const surroundings: Surroundings = {
      stdout: {
        write: (piece) => {
          stdout += text(piece);
          this.screen?.written.push(text(piece));
        },
        isTTY: this.terminal,
      },
      stderr: { write: (piece) => (stderr += text(piece)) },
      env: this.env,
      ...(this.screen !== undefined && { terminal: this.screen }),
      readStdin: async () => Buffer.from(this.stdin),
      connect: async ({ url, cluster }) => {
        this.addresses.push(`${url} ${cluster}`);
        if (!this.reachable) throw new NoConnection(`No cluster answers at ${url}`);
        return this.connection(cluster);
      },
      onInterrupt: (handler) => {
        this.interrupts.add(handler);
        return { stop: () => this.interrupts.delete(handler) };
      },
      onReaderGone: (handler) => {
        this.readersGone.add(handler);
        return { stop: () => this.readersGone.delete(handler) };
      },
    };
    const exitCode = await runCommandLine(args, surroundings);
    return { exitCode, stdout, stderr };
  }

  publish(subject: string, event: object): void {
    for (const [pattern, handlers] of this.listeners) {
      const wanted = new RegExp(
        `^mz\\.${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace(/>$/, '.+')}$`,
      );
      if (wanted.test(`mz.${subject}`)) for (const handler of handlers) handler(pack(event));
    }
  }

  /** Whether a command has subscribed to subjects that begin so. */
  isHeard(beginning: string): boolean {
    return [...this.listeners].some(
      ([pattern, handlers]) => pattern.startsWith(beginning) && handlers.size > 0,
    );
  }

  interrupt(): void {
    for (const handler of [...this.interrupts]) handler('SIGINT');
  }

  private connection(cluster: string): Connection {
    const nothing = () => undefined;
    const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => log };
    return {
      cluster,
      subjects: subjectsOf(cluster),
      ports: {
        clock: systemClock,
        random: systemRandom,
        log,
        transport: {
          inbox: '_INBOX.test',
          maxPayloadBytes: 1024 * 1024,
          publish: nothing,
          serve: () => subscriptionOf(nothing),
          isConnected: () => true,
          onConnection: nothing,
          subscribe: (subject, handler) => {
            const pattern = subject.slice(cluster.length + 1);
            const deliver = (payload: Uint8Array) => handler({ subject, payload });
            const handlers = this.listeners.get(pattern) ?? new Set();
            this.listeners.set(pattern, handlers.add(deliver));
            return subscriptionOf(() => handlers.delete(deliver));
          },
        },
      },
      ask: async (subject, request) => {
        const name = subject.slice(cluster.length + 1);
        this.asked.push({ subject: name, request: request as Record<string, unknown> });
        const respond = this.answers[name];
        if (respond === undefined)
          throw new MesozooError('UNAVAILABLE', `nobody listens on ${subject}`);
        return (await respond(request as Record<string, unknown>)) as never;
      },
      close: async () => undefined,
    };
  }
}

export class FakeTerminal implements Terminal {
  columns = 80;
  rows = 24;
  readonly written: string[] = [];
  private readonly keys = new Set<(key: string) => void>();
  private readonly resizes = new Set<() => void>();
  private readonly exits = new Set<() => void>();

  /** Whether somebody listens, and would leave the terminal in another state. */
  get isTaken(): boolean {
    return this.keys.size + this.resizes.size + this.exits.size > 0;
  }

  size = () => ({ columns: this.columns, rows: this.rows });
  onResize = (handler: () => void) => listenIn(this.resizes, handler);
  onKey = (handler: (key: string) => void) => listenIn(this.keys, handler);
  onExit = (handler: () => void) => listenIn(this.exits, handler);

  press(...keys: string[]): void {
    for (const key of keys) for (const handler of [...this.keys]) handler(key);
  }

  resize(columns: number, rows: number): void {
    Object.assign(this, { columns, rows });
    for (const handler of [...this.resizes]) handler();
  }

  exit(): void {
    for (const handler of [...this.exits]) handler();
  }

  /** The lines that stand on the screen. */
  shown(): string[] {
    const lines: string[] = [];
    const all = this.written.join('');
    const from = all.lastIndexOf('\u001b[2J');
    const pieces = all.slice(Math.max(0, from)).split('\u001b[').slice(1);
    let row = 0;
    for (const piece of pieces) {
      const place = /^(\d+);1H$/.exec(piece);
      if (place !== null) row = Number(place[1]) - 1;
      else if (piece.startsWith('2K')) lines[row] = piece.slice(2);
    }
    return Array.from(lines, (line) => line ?? '');
  }
}

function listenIn<Handler>(handlers: Set<Handler>, handler: Handler): { stop(): void } {
  handlers.add(handler);
  return { stop: () => handlers.delete(handler) };
}

export function taskView(
  given: Partial<TaskView> & { taskId: string; state: TaskState },
): TaskView {
  const { taskId, name = taskId } = given;
  return {
    name,
    request: {
      name,
      command: 'true',
      env: {},
      resources: { cpus: 0.1, mem: 32, disk: 0, gpus: 0, ports: 0 },
      dependsOn: [],
      queue: 'default',
      priority: 0,
      constraints: [],
      retry: { attempts: 1, delaySeconds: 1 },
      killGraceSeconds: 3,
    },
    submittedAtMs: 1_000,
    attempts: 0,
    history: [],
    ...given,
  };
}

/** A task that goes through states; `get` tells the present one, and each step is an event. */
export class FakeTask {
  view: TaskView;
  readonly output = { stdout: '', stderr: '' };
  private readonly cluster: FakeCluster;

  constructor(cluster: FakeCluster, view: TaskView) {
    this.cluster = cluster;
    this.view = view;
    cluster.answers['task.get'] = () => this.view;
    cluster.answers['task.follow'] = () => ({ taskId: view.taskId, leaseMs: 10_000 });
    cluster.answers['task.output'] = ({ stream, offset }) => {
      const all = Buffer.from(this.output[stream as 'stdout' | 'stderr']);
      return { data: all.subarray(Number(offset)), offset, size: all.length };
    };
  }

  step(state: TaskState, more: Partial<TaskView> = {}): void {
    const attempt = {
      attemptId: `${this.view.taskId}.1`,
      agentId: 'agent-1',
      hostname: 'vm',
      resources: { cpus: 0.1, mem: 32, disk: 0, gpus: 0, ports: [] },
      stagedAtMs: 1_000,
    };
    this.view = { ...this.view, attempts: 1, attempt, ...more, state };
    const { taskId, name } = this.view;
    this.cluster.publish(`task.events.${taskId}`, { taskId, name, state, atMs: 2_000, ...more });
  }

  write(stream: 'stdout' | 'stderr', text: string, published = true): void {
    const offset = Buffer.byteLength(this.output[stream]);
    this.output[stream] += text;
    if (!published) return;
    const { taskId } = this.view;
    const chunk = { taskId, attemptId: `${taskId}.1`, offset, data: text };
    this.cluster.publish(`task.logs.${taskId}.${stream}`, chunk);
  }
}
