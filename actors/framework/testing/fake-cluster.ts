/**
 * For tests of frameworks: what outlives a leading master. Agents with their resources, tasks with the updates that were
 * not acknowledged yet, frameworks by id. Everything that is decided is durable at once; what a task does, a test says.
 */
import type { Offer, TaskInfo, TaskStatus } from '../../../protocol/framework-api.ts';
import { fromMesos, toMesosAttributes } from '../../../protocol/mesos-resources.ts';
import {
  addResources,
  contains,
  NOTHING,
  type Resources,
  subtractResources,
} from '../../../protocol/resources.ts';
import { isFinal, type TaskReason, type TaskState } from '../../../protocol/task-states.ts';

export interface FakeAgent {
  readonly id: string;
  readonly hostname: string;
  readonly total: Resources;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface FakeTask {
  readonly frameworkId: string;
  readonly info: TaskInfo;
  readonly agentId: string;
  readonly resources: Resources;
  state: TaskState;
  /** Not acknowledged, the oldest first: that one alone is told. */
  updates: TaskStatus[];
}

export interface FakeFramework {
  readonly id: string;
  readonly failoverTimeoutMs: number;
  tornDown: boolean;
}

export class FakeCluster {
  readonly agents = new Map<string, FakeAgent>();
  readonly tasks = new Map<string, FakeTask>();
  readonly frameworks = new Map<string, FakeFramework>();
  /** Ids of all tasks that ever began to run, in order. */
  readonly began: string[] = [];
  /** Told of each task whose oldest update is another one. */
  changed: (task: FakeTask) => void = () => undefined;
  private uuids = 0;

  addAgent(id: string, resources: Partial<Resources> = {}): FakeAgent {
    const total = {
      ...{ ...NOTHING, cpus: 4, mem: 4096, disk: 1000, ports: [[31000, 31009] as const] },
      ...resources,
    };
    const agent = { id, hostname: `host-${id}`, total, attributes: { rack: `rack-${id}` } };
    this.agents.set(id, agent);
    return agent;
  }

  /** Its tasks are lost. */
  removeAgent(id: string): void {
    this.agents.delete(id);
    for (const task of this.tasks.values())
      if (task.agentId === id && !isFinal(task.state))
        this.enter(task, 'TASK_LOST', 'REASON_AGENT_REMOVED');
  }

  available(agent: FakeAgent): Resources {
    let left = agent.total;
    for (const task of this.tasks.values())
      if (task.agentId === agent.id && !isFinal(task.state))
        left = subtractResources(left, task.resources);
    return left;
  }

  /** What is wrong with a task for these offers; undefined when it may be launched. */
  problemOf(info: TaskInfo, offered: Resources): string | undefined {
    if (this.tasks.has(info.task_id.value)) return `the task ${info.task_id.value} exists already`;
    const wanted = fromMesos(info.resources);
    return contains(offered, wanted) ? undefined : 'the task uses more than the offers hold';
  }

  launch(frameworkId: string, info: TaskInfo): Resources {
    const resources = fromMesos(info.resources);
    const agentId = info.agent_id.value;
    const task: FakeTask = {
      ...{ frameworkId, info, agentId, resources },
      ...{ state: 'TASK_STAGING', updates: [] },
    };
    this.tasks.set(info.task_id.value, task);
    this.began.push(info.task_id.value);
    this.enter(task, 'TASK_RUNNING');
    return resources;
  }

  /** The task's process ends, or does whatever else the state says. */
  enterById(taskId: string, state: TaskState, reason?: TaskReason): void {
    this.enter(this.tasks.get(taskId)!, state, reason);
  }

  acknowledge(taskId: string, uuid: string): void {
    const task = this.tasks.get(taskId);
    if (task?.updates[0]?.uuid !== uuid) return;
    task.updates.shift();
    if (task.updates.length > 0) this.changed(task);
    else if (isFinal(task.state)) this.tasks.delete(taskId);
  }

  tearDown(framework: FakeFramework): void {
    framework.tornDown = true;
    for (const [id, task] of this.tasks)
      if (task.frameworkId === framework.id) this.tasks.delete(id);
  }

  /** Tasks that hold resources now. */
  running(frameworkId?: string): string[] {
    return [...this.tasks]
      .filter(([, task]) => frameworkId === undefined || task.frameworkId === frameworkId)
      .filter(([, task]) => !isFinal(task.state))
      .map(([id]) => id);
  }

  attributesOf(agent: FakeAgent): Offer['attributes'] {
    return toMesosAttributes(agent.attributes);
  }

  sum(resources: readonly Resources[]): Resources {
    return resources.reduce(addResources, NOTHING);
  }

  private enter(task: FakeTask, state: TaskState, reason?: TaskReason): void {
    if (isFinal(task.state)) throw new Error(`${task.info.task_id.value} has ended already`);
    task.state = state;
    this.uuids += 1;
    task.updates.push({
      ...{ task_id: task.info.task_id, agent_id: { value: task.agentId }, state },
      ...{ source: 'SOURCE_AGENT', timestamp: this.uuids, ...(reason && { reason }) },
      uuid: Buffer.from(String(this.uuids).padStart(16, '0')).toString('base64'),
    });
    if (task.updates.length === 1) this.changed(task);
  }
}
