/** One frame of `mesozoo top`: from what was seen, and how large the screen is, to lines. Pure. */
import type { ClusterState } from '../../protocol/task-api.ts';
import { isFinal, type TaskState, taskStates } from '../../protocol/task-states.ts';
import { foreignText } from '../foreign-text.ts';
import { duration, percent, round } from '../table.ts';
import { stateText } from '../task-words.ts';
import type { Rates } from './rates.ts';
import type { Sample } from './sample.ts';
import {
  agentSection,
  frameworkSection,
  queueSection,
  resourceLines,
  type Section,
  taskSection,
} from './sections.ts';
import { cell, cut, ends, type Paint, painter, shareRows } from './text.ts';
import { keysHelp, type View } from './view.ts';

export interface Model {
  readonly cluster: string;
  /** The last look. */
  readonly sample: Sample;
  /** The last look at which a master answered: what it told is shown until another answers. */
  readonly known: Sample | undefined;
  /** Since when no master has answered. */
  readonly silentSinceMs: number | undefined;
  readonly rates: Rates | undefined;
  readonly view: View;
}

export interface Size {
  readonly columns: number;
  /** Infinite on paper. */
  readonly rows: number;
}

/** No more lines than rows, none wider than the columns. */
export function frame(model: Model, size: Size, coloured: boolean): string[] {
  const paint = painter(coloured);
  const head = [...headline(model, size, paint), ...summary(model, paint, coloured)];
  const onScreen = Number.isFinite(size.rows);
  const foot = onScreen ? [footer(model.view, size, paint)] : [];
  const body = model.view.help
    ? helpLines()
    : sectionLines(
        sections(model, size, paint, coloured),
        size.rows - head.length - foot.length,
        paint,
      );
  const room = size.rows - foot.length;
  const lines = [...head, ...body].slice(0, Math.max(0, room));
  // The footer stands at the bottom.
  if (onScreen) while (lines.length < room) lines.push('');
  return [...lines, ...foot].slice(-size.rows).map((line) => cut(line, size.columns));
}

function headline(
  { cluster, sample, silentSinceMs, view, known }: Model,
  size: Size,
  paint: Paint,
) {
  const time = new Date(sample.wallMs).toISOString().slice(11, 19).concat(' UTC');
  const pace = view.paused ? 'paused' : `every ${round(view.intervalSeconds, 1)}s`;
  const right = Number.isFinite(size.rows) ? `${pace}  ${time}` : time;
  const { state } = sample;
  if (state !== undefined) {
    const { masterId, epoch, since } = state.leader;
    const leads = `${cluster}: ${foreignText(masterId)} leads for ${duration(sample.wallMs - since)} (epoch ${epoch})`;
    return [paint('bold', ends(leads, right, size.columns))];
  }
  const forMs = sample.atMs - (silentSinceMs ?? sample.atMs);
  const what = `${cluster}: ${silence(sample)}, for ${duration(forMs)}`;
  const line = paint(
    ['bold', 'inverse', 'red'],
    cell(ends(what, right, size.columns), size.columns),
  );
  if (known === undefined) return [line];
  return [line, paint('dim', `Below: what was known ${duration(sample.atMs - known.atMs)} ago.`)];
}

function silence({ isConnected, coordsAnswer, masters }: Sample): string {
  if (!isConnected) return 'no connection to NATS, still trying';
  if (!coordsAnswer) return 'nobody leads, and no coord answers';
  if (masters.length === 0) return 'the coords answer, and no master is registered';
  return `nobody leads, ${masters.length} ${masters.length === 1 ? 'master is' : 'masters are'} registered`;
}

function summary({ sample, known, rates }: Model, paint: Paint, coloured: boolean): string[] {
  const { state, metrics } = known ?? {};
  const label = (name: string) => paint('bold', name.padEnd(8));
  const lines: string[] = [];
  const masters = mastersText(sample, known);
  if (state !== undefined) {
    const decided = rates === undefined ? '' : `, ${round(rates.decidedPerSecond, 1)} slots/s`;
    lines.push(`${label('Quorum')}${quorumText(state, paint)}${decided}`);
  }
  if (masters !== '') lines.push(`${label('Masters')}${masters}`);
  if (state !== undefined) lines.push(`${label('Tasks')}${tasksText(state, coloured)}`);
  if (metrics !== undefined) {
    const perSecond = (value: number | undefined) =>
      value === undefined ? '-' : `${round(value, 1)}/s`;
    const { secondsP50, secondsP99 } = metrics.taskSchedulingDelay;
    const seconds = (value: number | null) => (value === null ? '-' : duration(value * 1000));
    lines.push(
      `${label('Rates')}submitted ${perSecond(rates?.submittedPerSecond)}, ended ${perSecond(rates?.endedPerSecond)}; ` +
        `wait p50 ${seconds(secondsP50)}, p99 ${seconds(secondsP99)}; success ${percent(metrics.taskSuccessRate)}`,
    );
  }
  return lines;
}

function quorumText({ coords }: ClusterState, paint: Paint): string {
  if (coords.length === 0) return paint('red', 'no coord answers');
  const leads = coords.find(({ role }) => role === 'leading');
  const others = coords.filter((coord) => coord !== leads).sort((a, b) => a.id - b.id);
  const rest = others.map(({ id, role }) => `coord-${id} ${role}`);
  const first = leads === undefined ? paint('red', 'nobody leads') : `coord-${leads.id} leads`;
  return [first, ...rest].join(', ');
}

function mastersText(sample: Sample, known: Sample | undefined): string {
  const masters = sample.masters.length > 0 ? sample.masters : (known?.masters ?? []);
  const leader = sample.state?.leader.masterId;
  return masters
    .map(({ id }) => `${foreignText(id)} ${id === leader ? 'leads' : 'stands by'}`)
    .join(', ');
}

function tasksText(state: ClusterState, coloured: boolean): string {
  const count = (each: TaskState) =>
    `${state.tasks[each]} ${stateText(each, coloured).replace('TASK_', '')}`;
  const some = (each: TaskState) => (state.tasks[each] ?? 0) > 0;
  const live = taskStates.filter((each) => !isFinal(each) && some(each));
  const ended = taskStates.filter((each) => isFinal(each) && some(each));
  if (live.length + ended.length === 0) return 'none';
  return [live, ended]
    .filter((each) => each.length > 0)
    .map((each) => each.map(count).join('  '))
    .join('  |  ');
}

function sections(model: Model, size: Size, paint: Paint, coloured: boolean): Section[] {
  const { known, view } = model;
  if (known?.state === undefined) return [];
  const { columns } = size;
  return [
    { head: [], rows: resourceLines(known.state.agents, columns, paint), empty: '' },
    agentSection(known.state.agents, view, columns, paint),
    frameworkSection(known.state.frameworks, columns, paint),
    queueSection(known.metrics?.queues ?? {}, view, columns, paint),
    taskSection(known, view, columns, coloured, paint),
  ];
}

/** On a small screen sections stand without space between them. */
const ROWS_WITH_SPACE = 30;

/** Each section is cut to its share, and says so. */
function sectionLines(all: readonly Section[], rows: number, paint: Paint): string[] {
  const present = all.filter(({ rows: own, empty }) => own.length > 0 || empty !== '');
  const space = rows >= ROWS_WITH_SPACE ? [''] : [];
  const fixed = present.reduce((sum, { head }) => sum + space.length + head.length, 0);
  const wanted = present.map(({ rows: own }) => Math.max(1, own.length));
  const shares = Number.isFinite(rows) ? shareRows(wanted, rows - fixed) : wanted;
  return present.flatMap(({ head, rows: own, empty }, index) => {
    const share = shares[index]!;
    if (own.length === 0) return [...space, ...head, paint('dim', empty)];
    if (own.length <= share) return [...space, ...head, ...own];
    const more = paint('dim', `… ${own.length - share + 1} more`);
    return [...space, ...head, ...own.slice(0, Math.max(0, share - 1)), more];
  });
}

function helpLines(): string[] {
  return ['', ...keysHelp.map(([key, what]) => `  ${key.padEnd(10)} ${what}`), ''].concat(
    '  Bars: █ used, ▒ allocated and not used, · free.',
  );
}

function footer(view: View, size: Size, paint: Paint): string {
  const text = `q quit  space ${view.paused ? 'go on' : 'pause'}  t ${view.tasks}  s ${view.taskOrder}  a ${view.agentOrder}  u ${view.queueOrder}  ? help`;
  return paint('inverse', cell(` ${text}`, size.columns));
}
