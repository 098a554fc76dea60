/**
 * A chart as a table in text: for every innermost state and every event what happens, actions in their order.
 * The tables in machines/tables/ are the specification: a difference between table and chart is looked at, never
 * just written over.
 */
import type { AnyStateMachine } from 'xstate';
import type { Chart } from './catalogue.ts';
import { leavesOf, type Step, walk } from './walk.ts';

export function tableOf(chart: Chart): string {
  const { steps } = walk(chart);
  const states = leavesOf(chart.machine).map((state) => section(chart, state, steps));
  return `# ${chart.name}\n\n${states.join('\n')}`;
}

function section(chart: Chart, state: string, all: readonly Step[]): string {
  const steps = all.filter(({ from }) => from === state);
  if (steps.length === 0) return `${state}\n  ${silenceOf(chart.machine, state)}\n`;
  const delays = [...new Set(steps.map(({ event }) => event))].filter(
    (event) => !(event in chart.events),
  );
  const lines: string[] = [];
  for (const event of [...Object.keys(chart.events), ...delays]) {
    const outcomes = new Set(
      steps.filter((step) => step.event === event && step.to !== 'refused').map(cell),
    );
    for (const outcome of [...outcomes].sort(guardedFirst)) lines.push(`${event} ${outcome}`);
  }
  const refused = Object.keys(chart.events).filter((event) =>
    steps.some((step) => step.event === event && step.to === 'refused'),
  );
  if (refused.length > 0) lines.push(`refused: ${refused.join(', ')}`);
  return `${state}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Why nothing is said of a state. */
function silenceOf(machine: AnyStateMachine, state: string): string {
  const node = machine.getStateNodeById(`${machine.id}.${state}`);
  if (node.type === 'final') return 'final';
  return node.always === undefined ? 'never reached' : 'never stayed in';
}

function cell({ to, again, guard, actions }: Step): string {
  const condition = guard === undefined ? '' : `[${guard}] `;
  const target = again ? `${to} again` : to;
  return `${condition}→ ${target}${actions.length === 0 ? '' : ` / ${actions.join(', ')}`}`;
}

function guardedFirst(one: string, other: string): number {
  const order = Number(other.startsWith('[')) - Number(one.startsWith('['));
  return order !== 0 ? order : one < other ? -1 : 1;
}
