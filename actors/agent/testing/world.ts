/** An agent with its ports faked and a master that answers as a master must, for tests. */
import { decode, pack, unpack } from '../../../protocol/codec.ts';
import type { AttemptId, Epoch, MasterId, TaskId } from '../../../protocol/ids.ts';
import type {
  AgentMessage,
  AttemptSpec,
  MasterOrder,
  StatusUpdate,
} from '../../../protocol/orders.ts';
import type { Resources } from '../../../protocol/resources.ts';
import { Host } from '../../host.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { AgentActor, type AgentPorts } from '../agent.ts';
import type { AgentOptions } from '../options.ts';
import {
  FakeClock,
  FakeCoordClient,
  FakeProcesses,
  FakeStorage,
  FakeTransport,
  FakeTree,
} from './fakes.ts';

export const total: Resources = { cpus: 4, mem: 1024, disk: 0, gpus: 0, ports: [[31000, 31009]] };

type Order = MasterOrder extends infer Each
  ? Each extends MasterOrder
    ? Omit<Each, 'masterId' | 'epoch'>
    : never
  : never;
export type MessageOf<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>;

export class AgentWorld {
  readonly clock = new FakeClock();
  readonly storage = new FakeStorage(this.clock);
  readonly processes = new FakeProcesses(this.clock);
  readonly transport = new FakeTransport(this.clock);
  readonly tree = new FakeTree();
  /** What the agent said to masters, oldest first. */
  readonly said: { readonly to: string; readonly message: AgentMessage }[] = [];
  /** What it published to clients. */
  readonly published: { readonly subject: string; readonly message: unknown }[] = [];
  /** The master answers registrations and acknowledges updates. */
  answers = true;
  acknowledges = true;
  giveUp: AttemptId[] = [];
  /** What was ordered, by attempt. */
  readonly ordered = new Map<string, AttemptSpec>();
  crashes: unknown[] = [];
  client: FakeCoordClient | undefined;
  private readonly options: Partial<AgentOptions>;
  private host: Host<AgentPorts> | undefined;
  private current: AgentActor | undefined;
  private seed = 1;

  constructor(options: Partial<AgentOptions> = {}) {
    this.options = options;
    this.transport.published = (subject, payload) => this.receive(subject, payload);
    this.storage.crashed = () => this.crash();
  }

  get agent(): AgentActor {
    return this.current!;
  }

  /** The agent, registered with master `m1` of epoch 10. */
  static registered(options: Partial<AgentOptions> = {}): AgentWorld {
    const world = new AgentWorld(options);
    world.tree.lead('m1', 10);
    world.start();
    world.run(1000);
    return world;
  }

  start(): void {
    const ports: AgentPorts = {
      clock: this.clock,
      random: {
        next: () => this.random(),
        bytes: (count) => Uint8Array.from({ length: count }, () => this.random() * 256),
      },
      transport: this.transport,
      log: silentLog,
      storage: this.storage,
      processes: this.processes,
    };
    const host = new Host(ports, {
      name: 'agent',
      defer: (run) => this.clock.soon(run),
      crash: (error) => this.crashes.push(error),
    });
    this.host = host;
    host.start((hosted) => {
      this.current = new AgentActor(
        hosted,
        {
          cluster: 'mz',
          hostname: 'host-1',
          total,
          attributes: { rack: 'a' },
          version: '0.1.0',
          digest: 'system:secret',
          ...this.options,
        },
        () => {
          this.client = new FakeCoordClient(this.tree, this.clock);
          return this.client;
        },
      );
      return this.current;
    });
  }

  /** kill -9 */
  crash(): void {
    this.host?.abandon();
    this.host = undefined;
    this.clock.clear();
    this.transport.clear();
    this.tree.clients.clear();
    this.processes.agentCrashed();
    this.storage.crashAt = Number.POSITIVE_INFINITY;
  }

  get isUp(): boolean {
    return this.host !== undefined;
  }

  restart(): void {
    if (this.isUp) this.crash();
    this.start();
    this.run(1000);
  }

  stop(): { done: boolean } {
    const stopped = { done: false };
    this.host?.stop(() => {
      stopped.done = true;
    });
    return stopped;
  }

  run(ms: number): void {
    this.clock.advance(ms);
    if (this.crashes.length > 0) throw this.crashes[0];
    this.current?.invariants();
  }

  order(order: Order, from: { masterId?: string; epoch?: number } = {}): void {
    const whole = {
      masterId: from.masterId ?? this.tree.leader?.masterId,
      epoch: from.epoch ?? this.tree.leader?.epoch,
      ...order,
    };
    this.transport.deliver(`mz.agent.to.${this.agent.agentId}`, pack(whole));
    this.run(0);
  }

  launch(attemptId: string, more: Partial<AttemptSpec> = {}): void {
    const attempt = specOf(attemptId, more);
    this.ordered.set(attemptId, attempt);
    this.order({ type: 'launch', attempt });
    this.run(5);
  }

  kill(attemptId: string, graceMs: number): void {
    this.order({ type: 'kill', attemptId: attemptId as AttemptId, graceMs });
    this.run(1);
  }

  messages<Type extends AgentMessage['type']>(type: Type): MessageOf<Type>[] {
    return this.said
      .map(({ message }) => message)
      .filter((message): message is MessageOf<Type> => message.type === type);
  }

  updates(attemptId: string): StatusUpdate[] {
    return this.messages('status')
      .map(({ update }) => update)
      .filter((update) => update.attemptId === attemptId);
  }

  /** States as the master sees them: each update once, in the order of their numbers. */
  states(attemptId: string): string[] {
    const reported = this.messages('register')
      .flatMap(({ attempts }) => attempts)
      .filter((attempt) => attempt.attemptId === attemptId)
      .flatMap(({ unacknowledged }) => unacknowledged);
    const byNumber = new Map(
      [...this.updates(attemptId), ...reported].map((update) => [update.number, update]),
    );
    return [...byNumber].sort(([a], [b]) => a - b).map(([, update]) => update.state);
  }

  private receive(subject: string, payload: Uint8Array): void {
    if (!subject.startsWith('mz.master.to.')) {
      this.published.push({ subject, message: decode(payload).value });
      return;
    }
    const message = unpack(payload) as AgentMessage;
    const to = subject.slice('mz.master.to.'.length);
    this.said.push({ to, message });
    const { leader } = this.tree;
    if (leader === undefined || to !== leader.masterId) return;
    const answer = (order: Order) =>
      this.transport.deliver(message.reply, pack({ ...leader, ...order }));
    if (message.type === 'register' && this.answers) {
      answer({
        type: 'registered',
        pingIntervalMs: 1000,
        pingTimeoutMs: 5000,
        giveUp: this.giveUp,
      });
      if (!this.acknowledges) return;
      for (const { unacknowledged } of message.attempts)
        for (const { attemptId, number } of unacknowledged)
          answer({ type: 'acknowledge', attemptId, number });
    }
    if (message.type === 'status' && this.acknowledges)
      answer({
        type: 'acknowledge',
        attemptId: message.update.attemptId,
        number: message.update.number,
      });
  }

  private random(): number {
    this.seed = (this.seed * 48_271) % 2_147_483_647;
    return this.seed / 2_147_483_647;
  }
}

export function specOf(attemptId: string, more: Partial<AttemptSpec> = {}): AttemptSpec {
  return {
    attemptId: attemptId as AttemptId,
    taskId: attemptId.split('.')[0] as TaskId,
    name: 'test',
    argv: ['/bin/true'],
    env: {},
    resources: { cpus: 1, mem: 64, disk: 0, gpus: 0, ports: [] },
    killGraceMs: 3000,
    executor: 'process',
    ...more,
  };
}

export const master = (id: string, epoch: number) => ({
  masterId: id as MasterId,
  epoch: epoch as Epoch,
});
