/** What somebody has chosen to see, and the keys that choose. */
import type { AgentView } from '../../protocol/task-api.ts';
import { type TaskChoice, type TaskOrder, taskChoices } from './sample.ts';

export type AgentOrder = 'id' | 'cpus' | 'mem' | 'tasks';
export type QueueOrder = 'name' | 'waiting' | 'running' | 'cpus';
const agentOrders: readonly AgentOrder[] = ['id', 'cpus', 'mem', 'tasks'];
const queueOrders: readonly QueueOrder[] = ['waiting', 'running', 'cpus', 'name'];
const choices = Object.keys(taskChoices) as TaskChoice[];
/** Seconds between two looks. */
export const intervals = [0.5, 1, 2, 5, 10, 30, 60] as const;

export interface View {
  readonly tasks: TaskChoice;
  readonly taskOrder: TaskOrder;
  readonly agentOrder: AgentOrder;
  readonly queueOrder: QueueOrder;
  readonly intervalSeconds: number;
  readonly paused: boolean;
  readonly help: boolean;
}

export const firstView: View = {
  tasks: 'waiting and running',
  taskOrder: 'oldest',
  agentOrder: 'id',
  queueOrder: 'waiting',
  intervalSeconds: 1,
  paused: false,
  help: false,
};

/** Undefined for a key that ends it. */
export function pressed(view: View, key: string): View | undefined {
  switch (key) {
    case 'q':
    case 'Q':
    case '\u0003':
    case '\u0004':
      return undefined;
    case ' ':
    case 'p':
      return { ...view, paused: !view.paused };
    case 't':
      return { ...view, tasks: after(choices, view.tasks) };
    case 's':
      return { ...view, taskOrder: view.taskOrder === 'oldest' ? 'newest' : 'oldest' };
    case 'a':
      return { ...view, agentOrder: after(agentOrders, view.agentOrder) };
    case 'u':
      return { ...view, queueOrder: after(queueOrders, view.queueOrder) };
    case '+':
    case '=': {
      const slower = intervals.find((each) => each > view.intervalSeconds);
      return { ...view, intervalSeconds: slower ?? view.intervalSeconds };
    }
    case '-': {
      const faster = intervals.findLast((each) => each < view.intervalSeconds);
      return { ...view, intervalSeconds: faster ?? view.intervalSeconds };
    }
    case '?':
    case 'h':
      return { ...view, help: !view.help };
    default:
      return { ...view, help: false };
  }
}

export const keysHelp: readonly (readonly [key: string, what: string])[] = [
  ['q, Ctrl-C', 'ends'],
  ['space, p', 'stops looking; again goes on'],
  ['t', 'which tasks: waiting and running, waiting, running, all'],
  ['s', 'tasks: the oldest first, the newest first'],
  ['a', 'agents by id, cpus, memory, tasks'],
  ['u', 'queues by waiting, running, cpus, name'],
  ['+ -', 'looks less often, more often'],
  ['?', 'this'],
];

function after<Value>(values: readonly Value[], value: Value): Value {
  return values[(values.indexOf(value) + 1) % values.length]!;
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export function sortedAgents(agents: readonly AgentView[], order: AgentOrder): AgentView[] {
  const share = (agent: AgentView, name: 'cpus' | 'mem') =>
    agent.total[name] === 0 ? 0 : 1 - agent.available[name] / agent.total[name];
  const compare: Record<AgentOrder, (a: AgentView, b: AgentView) => number> = {
    id: () => 0,
    cpus: (a, b) => share(b, 'cpus') - share(a, 'cpus'),
    mem: (a, b) => share(b, 'mem') - share(a, 'mem'),
    tasks: (a, b) => b.attempts - a.attempts,
  };
  return [...agents].sort((a, b) => compare[order](a, b) || byText(a.agentId, b.agentId));
}

export interface QueueRow {
  readonly name: string;
  readonly waiting: number;
  readonly running: number;
  readonly allocatedCpus: number;
  readonly allocatedMem: number;
  readonly successRate: number | null;
  readonly delaySecondsMean: number | null;
}

export function sortedQueues(queues: readonly QueueRow[], order: QueueOrder): QueueRow[] {
  const compare: Record<QueueOrder, (a: QueueRow, b: QueueRow) => number> = {
    name: () => 0,
    waiting: (a, b) => b.waiting - a.waiting || b.running - a.running,
    running: (a, b) => b.running - a.running,
    cpus: (a, b) => b.allocatedCpus - a.allocatedCpus,
  };
  return [...queues].sort((a, b) => compare[order](a, b) || byText(a.name, b.name));
}
