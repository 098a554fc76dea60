/**
 * For tests of the master: masters over a fake quorum and fake agents in one virtual world. The whole cluster with
 * real coords and agents, under seeds, is `simulation/`.
 */
import { decode, encode, type Form } from '../../../protocol/codec.ts';
import type { ErrorBody } from '../../../protocol/errors.ts';
import type { AttemptId, MasterId, TaskId } from '../../../protocol/ids.ts';
import { parentOf, taskBuckets, treePaths } from '../../../protocol/paths.ts';
import type { Resources } from '../../../protocol/resources.ts';
import { subjectsOf } from '../../../protocol/subjects.ts';
import type { SubmitInput, TaskEvent, TaskView } from '../../../protocol/task-api.ts';
import { FakeCoord } from '../../coord/client/testing/fake-coord.ts';
import { type VirtualTransport, VirtualWorld } from '../../coord/client/testing/virtual-world.ts';
import { attemptIdOf } from '../../framework/tasks/identity.ts';
import { decodeTaskNode } from '../../framework/tasks/task.ts';
import { TasksFramework, type TasksOptions } from '../../framework/tasks/tasks-framework.ts';
import { Host } from '../../host.ts';
import { MasterActor } from '../master.ts';
import type { MasterOptions } from '../options.ts';
import { FakeAgent } from './fake-agent.ts';

const subjects = subjectsOf('mz');

export interface RunningMaster {
  readonly id: MasterId;
  readonly actor: MasterActor;
  readonly transport: VirtualTransport;
  /** Ends as a crash would; its session lives on until it is expired. */
  readonly kill: () => void;
  readonly stop: (done: () => void) => void;
}

export class SmallCluster {
  readonly world = new VirtualWorld();
  readonly coord = new FakeCoord(this.world);
  readonly events: TaskEvent[] = [];
  readonly crashes: unknown[] = [];
  private readonly client = this.world.ports('client').transport;
  private readonly agents: FakeAgent[] = [];
  private asked = 0;

  constructor() {
    const { masters, root, agents, tasks, frameworks } = treePaths;
    const buckets = taskBuckets.map((bucket) => `${tasks}/${bucket}`);
    for (const path of [masters, root, agents, tasks, frameworks, ...buckets])
      this.coord.write('create', { path });
    this.client.subscribe('mz.task.events.*', ({ payload }) => {
      this.events.push(decode(payload).value as unknown as TaskEvent);
    });
    // The fake carries out a multi's operations one by one: what must fail as a whole is refused before.
    this.coord.refuse = (name, request) =>
      name === 'multi' ? this.multiProblem(request.operations as Operation[]) : undefined;
  }

  master(
    id: string,
    { retention, ...options }: Partial<MasterOptions> & TasksOptions = {},
  ): RunningMaster {
    const ports = this.world.ports(id);
    const host = new Host(ports, {
      name: id,
      defer: (run) => void this.world.clock.after(0, run),
      crash: (error) => this.crashes.push(error),
    });
    let actor: MasterActor | undefined;
    host.start((hosted) => {
      actor = new MasterActor(hosted, {
        cluster: 'mz',
        masterId: id as MasterId,
        hostname: 'localhost',
        ip: '127.0.0.1',
        port: 5050,
        version: '0',
        digest: 'system:secret',
        bundled: [(parts) => new TasksFramework(parts, { retention })],
        ...options,
      });
      return actor;
    });
    return {
      id: id as MasterId,
      actor: actor!,
      transport: ports.transport,
      kill: () => {
        host.abandon();
        ports.transport.setConnected(false);
      },
      stop: (done) => host.stop(done),
    };
  }

  agent(
    id: string,
    master: RunningMaster,
    total: Partial<Resources> = {},
    attributes: Record<string, string> = {},
  ): FakeAgent {
    const agent = new FakeAgent(this.world.ports(id), id, total, attributes);
    agent.master = master.id;
    agent.leaderEpoch = master.actor.epoch()!;
    this.agents.push(agent);
    agent.register();
    return agent;
  }

  /** Agents find a new leader through the tree; here they are told. */
  follow(master: RunningMaster): void {
    for (const agent of this.agents) {
      agent.master = master.id;
      agent.leaderEpoch = master.actor.epoch()!;
      agent.registered = false;
    }
  }

  lead(master: RunningMaster): void {
    this.world.runUntil(() => master.actor.state().endsWith('serving'));
  }

  /** The session of a master that is gone. */
  expireSessions(master: RunningMaster): void {
    for (const [id, { eventsTo }] of [...this.coord.sessions])
      if (eventsTo.startsWith(master.transport.inbox)) this.coord.expire(id);
  }

  /** Sends and waits for the answer. */
  ask(name: string, request: unknown, form: Form = 'json'): Record<string, unknown> {
    return this.askBytes(name, request instanceof Uint8Array ? request : encode(request, form));
  }

  private askBytes(name: string, payload: Uint8Array): Record<string, unknown> {
    const pending = this.send(name, payload);
    this.world.runUntil(() => pending.answer !== undefined);
    return pending.answer!;
  }

  send(name: string, payload: Uint8Array): { answer: Record<string, unknown> | undefined } {
    const pending: { answer: Record<string, unknown> | undefined } = { answer: undefined };
    const reply = `_INBOX.client.${++this.asked}`;
    const subscription = this.client.subscribe(reply, (delivery) => {
      subscription.unsubscribe();
      pending.answer =
        delivery.status === 503
          ? { error: { code: 'no responders' } }
          : decode(delivery.payload).value;
    });
    this.client.publish(`mz.${name}`, payload, { reply });
    return pending;
  }

  publish(name: string, request: unknown): void {
    this.client.publish(`mz.${name}`, encode(request, 'json'));
  }

  submit(request: Partial<SubmitInput> & { name: string }): string {
    const answer = this.ask('task.submit', { command: 'true', ...request });
    if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
    return answer.taskId as string;
  }

  refusal(name: string, request: unknown, form: Form = 'json'): ErrorBody {
    return this.ask(name, request, form).error as ErrorBody;
  }

  get(taskId: string): TaskView {
    return this.ask('task.get', { taskId }) as unknown as TaskView;
  }

  /** Events of a task, by state. */
  statesOf(taskId: string): string[] {
    return this.events.filter((event) => event.taskId === taskId).map(({ state }) => state);
  }

  /** The id of the task's attempt with this number. */
  attempt(taskId: string, number = 1): AttemptId {
    const data = this.coord.nodes.get(treePaths.task(taskId as TaskId))?.data;
    if (data === undefined) throw new Error(`no task ${taskId} in the tree`);
    return attemptIdOf({ id: taskId as TaskId, ...decodeTaskNode(data) }, number);
  }

  /** What a task's state znode holds. */
  stateInTree(taskId: string): string | undefined {
    for (const [path, node] of this.coord.nodes)
      if (path.endsWith(`/${taskId}/state`))
        return (JSON.parse(new TextDecoder().decode(node.data)) as { state: string }).state;
    return undefined;
  }

  run(forMs: number): void {
    this.world.run(forMs);
  }

  private multiProblem(operations: readonly Operation[]) {
    const made = new Set<string>();
    const gone = new Set<string>();
    for (const { op, path } of operations) {
      const exists = (this.coord.nodes.has(path) && !gone.has(path)) || made.has(path);
      if (op === 'create') {
        if (exists) return 'NODE_EXISTS' as const;
        if (!this.coord.nodes.has(parentOf(path)) && !made.has(parentOf(path)))
          return 'NO_NODE' as const;
        made.add(path);
      } else if (!exists) return 'NO_NODE' as const;
      if (op !== 'delete') continue;
      const isParent = (each: string) => parentOf(each) === path && !gone.has(each);
      if ([...this.coord.nodes.keys(), ...made].some(isParent)) return 'NOT_EMPTY' as const;
      made.delete(path);
      gone.add(path);
    }
    return undefined;
  }
}

interface Operation {
  readonly op: string;
  readonly path: string;
}

export { subjects };
