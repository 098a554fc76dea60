/** The sections of a frame: resources, agents, queues, tasks. Each row fits the columns. */
import type { AgentView, FrameworkView, Metrics, TaskView } from '../../protocol/task-api.ts';
import { isFinal } from '../../protocol/task-states.ts';
import { duration, mebibytes, percent, round } from '../table.ts';
import { howItEnded, stateText } from '../task-words.ts';
import type { Sample } from './sample.ts';
import { bar, cell, type Paint } from './text.ts';
import { sortedAgents, sortedQueues, type View } from './view.ts';

export interface Section {
  readonly head: readonly string[];
  readonly rows: readonly string[];
  /** In place of the rows, where there is none; a section without it is left out then. */
  readonly empty: string;
}

interface Cell<Row> {
  readonly title: string;
  readonly width: number;
  readonly align?: 'left' | 'right';
  readonly text: (row: Row) => string;
  /** Colours what was fitted. */
  readonly paint?: (row: Row, fitted: string) => string;
}

/** Columns two spaces apart. */
function grid<Row>(cells: readonly Cell<Row>[], rows: readonly Row[], paint: Paint) {
  const line = (each: (column: Cell<Row>) => string) => cells.map(each).join('  ').trimEnd();
  return {
    head: [
      paint(
        'bold',
        line(({ title, width, align }) => cell(title, width, align)),
      ),
    ],
    rows: rows.map((row) =>
      line(({ width, align, text, paint: colour }) => {
        const fitted = cell(text(row), width, align);
        return colour === undefined ? fitted : colour(row, fitted);
      }),
    ),
  };
}

const longest = (texts: readonly string[], least: number, most: number) =>
  Math.max(least, Math.min(most, ...[Math.max(0, ...texts.map((text) => text.length))]));

interface Amounts {
  readonly used: number;
  readonly allocated: number;
  readonly total: number;
}

function amounts(agents: readonly AgentView[], name: 'cpus' | 'mem'): Amounts {
  const sum = (of: (agent: AgentView) => number) =>
    agents.reduce((total, agent) => total + of(agent), 0);
  return {
    used: sum((agent) => agent.used[name]),
    allocated: sum((agent) => agent.total[name] - agent.available[name]),
    total: sum((agent) => agent.total[name]),
  };
}

export function resourceLines(
  agents: readonly AgentView[],
  columns: number,
  paint: Paint,
): string[] {
  if (agents.length === 0) return [];
  const line = (name: 'cpus' | 'mem', say: (amount: number) => string) => {
    const sums = amounts(agents, name);
    const text = `${say(sums.allocated)} of ${say(sums.total)} allocated, ${say(sums.used)} used`;
    const width = Math.max(10, Math.min(60, columns - 8 - 2 - 44));
    return `${paint('bold', (name === 'cpus' ? 'CPUs' : 'Memory').padEnd(8))}${bar(sums, width, paint)}  ${text}`;
  };
  return [line('cpus', (amount) => round(amount, 2)), line('mem', mebibytes)];
}

export function agentSection(
  agents: readonly AgentView[],
  view: View,
  columns: number,
  paint: Paint,
): Section {
  const id = longest(
    agents.map(({ agentId }) => agentId),
    8,
    columns < 120 ? 14 : 28,
  );
  const host =
    columns < 120
      ? 0
      : longest(
          agents.map(({ hostname }) => hostname),
          4,
          20,
        );
  // What is left beside the figures: state, cpus, memory, runs, and the space between.
  const width = Math.max(6, Math.min(30, Math.floor((columns - id - (host && host + 2) - 49) / 2)));
  const bars = (name: 'cpus' | 'mem'): Cell<AgentView> => ({
    title: '',
    width,
    text: () => '',
    paint: (agent) => bar(amounts([agent], name), width, paint),
  });
  const figures = (agent: AgentView, name: 'cpus' | 'mem', say: (amount: number) => string) =>
    `${say(agent.total[name] - agent.available[name])}/${say(agent.total[name])}`;
  const cells: Cell<AgentView>[] = [
    { title: 'AGENT', width: id, text: (agent) => agent.agentId },
    ...(host === 0
      ? []
      : [{ title: 'HOST', width: host, text: (agent: AgentView) => agent.hostname }]),
    {
      title: 'STATE',
      width: 11,
      text: (agent) => agent.state,
      paint: (agent, fitted) => (agent.state === 'active' ? fitted : paint('red', fitted)),
    },
    { ...bars('cpus'), title: 'CPUS' },
    {
      title: '',
      width: 8,
      align: 'right',
      text: (agent) => figures(agent, 'cpus', (n) => round(n, 1)),
    },
    { ...bars('mem'), title: 'MEMORY' },
    {
      title: '',
      width: 13,
      align: 'right',
      text: (agent) =>
        figures(agent, 'mem', (amount) => mebibytes(amount).replace('iB', '').replace(' ', '')),
    },
    { title: 'RUNS', width: 5, align: 'right', text: (agent) => String(agent.attempts) },
  ];
  return {
    ...grid(cells, sortedAgents(agents, view.agentOrder), paint),
    empty: 'No agent is registered.',
  };
}

/** Left out where nobody but the bundled frameworks is there. */
export function frameworkSection(
  frameworks: readonly FrameworkView[],
  columns: number,
  paint: Paint,
): Section {
  const rows = frameworks.length > 1 ? frameworks : [];
  const widest = (texts: readonly string[]) => longest(texts, 9, columns < 120 ? 20 : 40);
  const right = { align: 'right' as const };
  return {
    ...grid(
      [
        {
          title: 'FRAMEWORK',
          width: widest(rows.map(({ frameworkId }) => frameworkId)),
          text: (row) => row.frameworkId,
        },
        { title: 'NAME', width: widest(rows.map(({ name }) => name)), text: (row) => row.name },
        { title: 'STATE', width: 22, text: (row) => row.state },
        { title: 'TASKS', width: 6, ...right, text: (row) => String(row.tasks) },
        { title: 'OFFERS', width: 6, ...right, text: (row) => String(row.offers) },
        { title: 'CPUS', width: 6, ...right, text: (row) => round(row.allocated.cpus, 2) },
      ],
      rows,
      paint,
    ),
    empty: '',
  };
}

export function queueSection(
  queues: Metrics['queues'],
  view: View,
  columns: number,
  paint: Paint,
): Section {
  const rows = sortedQueues(
    Object.entries(queues).map(([name, queue]) => ({ ...queue, name })),
    view.queueOrder,
  );
  const name = longest(
    rows.map((row) => row.name),
    8,
    columns < 120 ? 20 : 40,
  );
  const right = { align: 'right' as const };
  return {
    ...grid(
      [
        { title: 'QUEUE', width: name, text: (row) => row.name },
        { title: 'WAITING', width: 8, ...right, text: (row) => String(row.waiting) },
        { title: 'RUNNING', width: 8, ...right, text: (row) => String(row.running) },
        { title: 'CPUS', width: 8, ...right, text: (row) => round(row.allocatedCpus, 2) },
        { title: 'MEMORY', width: 10, ...right, text: (row) => mebibytes(row.allocatedMem) },
        { title: 'SUCCESS', width: 8, ...right, text: (row) => percent(row.successRate) },
        {
          title: 'WAIT',
          width: 6,
          ...right,
          text: ({ delaySecondsMean: mean }) => (mean === null ? '-' : duration(mean * 1000)),
        },
      ],
      rows,
      paint,
    ),
    empty: '',
  };
}

export function taskSection(
  { tasks, wallMs }: Sample,
  view: View,
  columns: number,
  coloured: boolean,
  paint: Paint,
): Section {
  const wide = columns >= 120;
  const rows = tasks ?? [];
  const id = longest(
    rows.map(({ taskId }) => taskId),
    8,
    wide ? 36 : 20,
  );
  const queue = longest(
    rows.map(({ request }) => request.queue),
    7,
    wide ? 20 : 8,
  );
  const fixed = id + queue + 12 + 8 + 5 + (wide ? 9 : 0) + 2 * (wide ? 7 : 6);
  const rest = Math.max(16, columns - fixed);
  const name = longest(
    rows.map((task) => task.name),
    8,
    Math.floor(rest / 2),
  );
  const cells: Cell<TaskView>[] = [
    { title: 'TASK', width: id, text: (task) => task.taskId },
    { title: 'NAME', width: name, text: (task) => task.name },
    { title: 'QUEUE', width: queue, text: (task) => task.request.queue },
    {
      title: 'STATE',
      width: 12,
      text: (task) => task.state.replace('TASK_', ''),
      paint: (task, fitted) => stateText(task.state, coloured).replace(task.state, () => fitted),
    },
    {
      title: 'AGE',
      width: 8,
      align: 'right',
      text: (task) => duration(wallMs - task.submittedAtMs),
    },
    {
      title: 'CPUS',
      width: 5,
      align: 'right',
      text: (task) => round(task.request.resources.cpus, 2),
    },
    ...(wide
      ? [
          {
            title: 'MEMORY',
            width: 9,
            align: 'right' as const,
            text: (task: TaskView) => mebibytes(task.request.resources.mem),
          },
        ]
      : []),
    { title: 'AGENT', width: Math.max(5, rest - name), text: whereText },
  ];
  return { ...grid(cells, rows, paint), empty: emptyText(tasks, view) };
}

function whereText(task: TaskView): string {
  if (isFinal(task.state)) return howItEnded(task);
  return task.state === 'TASK_QUEUED' || task.state === 'TASK_BLOCKED'
    ? ''
    : (task.attempt?.agentId ?? '');
}

function emptyText(tasks: readonly TaskView[] | undefined, view: View): string {
  if (tasks === undefined) return 'The tasks were not told.';
  const what = { 'waiting and running': 'waits or runs', waiting: 'waits', running: 'runs' };
  return view.tasks === 'all' ? 'There is no task.' : `No task ${what[view.tasks]}.`;
}
