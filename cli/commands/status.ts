/** `mesozoo status`: masters, coords, agents, frameworks, tasks and metrics. */
import type { Command } from 'commander';
import type { ClusterState, Metrics } from '../../protocol/task-api.ts';
import { taskStates } from '../../protocol/task-states.ts';
import { type MasterSeen, readStatus, type Status } from '../cluster-status.ts';
import { exitCodes } from '../exit-codes.ts';
import { foreignText } from '../foreign-text.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { duration, mebibytes, pairs, percent, round, table } from '../table.ts';
import { stateText } from '../task-words.ts';

/** A cluster that is just electing answers within it. */
const PATIENCE_MS = 3_000;

export function addStatus(program: Command, parts: CommandParts): void {
  const command = program
    .command('status')
    .description('masters, coords, agents, frameworks, tasks and metrics')
    .addHelpText(
      'after',
      `
RAR allocated ÷ total; RU used ÷ total; TSD execution time ÷ submission time, and the delay from
submission to start; TSR successful ÷ ended.

Examples:
  mesozoo status
  mesozoo status --json | jq .state.agents`,
    );
  addClusterOptions(command).action(async () =>
    runWithCluster(parts, command, async (context) => {
      const status = await readStatus(context.connection, {
        patienceMs: PATIENCE_MS,
        deadlineMs: PATIENCE_MS,
      });
      if (context.json) context.printJson(status);
      else
        context.print(
          statusText(status, context.connection.ports.clock.wallMs(), context.coloured),
        );
      if (status.state === undefined)
        context.note(
          !status.coordsAnswer
            ? `mesozoo: neither masters nor coords of the cluster "${context.connection.cluster}" answer`
            : 'mesozoo: the coords answer, and no master leads at the moment',
        );
      else if (!status.coordsAnswer)
        context.note('mesozoo: no majority of coords answers: nothing can be written or read');
      return status.state !== undefined && status.coordsAnswer ? exitCodes.ok : exitCodes.failed;
    }),
  );
}

export function statusText(status: Status, nowMs: number, coloured: boolean): string {
  const { state, metrics, masters } = status;
  return [
    state === undefined ? undefined : headline(state, nowMs),
    masters.length === 0 ? undefined : mastersTable(masters, state),
    state === undefined ? undefined : coordsTable(state),
    state === undefined ? undefined : agentsTable(state),
    state === undefined ? undefined : frameworksTable(state),
    state === undefined ? undefined : tasksText(state, coloured),
    metrics === undefined ? undefined : metricsText(metrics),
  ]
    .filter((part) => part !== undefined)
    .join('\n');
}

function headline(state: ClusterState, nowMs: number): string {
  const { masterId, epoch, since } = state.leader;
  return `Cluster ${state.cluster}: ${foreignText(masterId)} leads for ${duration(nowMs - since)} (epoch ${epoch})\n`;
}

function mastersTable(masters: readonly MasterSeen[], state: ClusterState | undefined): string {
  return table(
    [
      { title: 'MASTER', value: (master) => master.id },
      {
        title: 'ROLE',
        value: (master) =>
          (state === undefined ? master.leads : master.id === state.leader.masterId)
            ? 'leading'
            : 'standby',
      },
      { title: 'ADDRESS', value: (master) => `${master.hostname}:${master.port}` },
      { title: 'VERSION', value: (master) => master.version },
    ],
    masters,
  );
}

function coordsTable(state: ClusterState): string {
  return table(
    [
      { title: 'COORD', value: (coord) => coord.id },
      { title: 'ROLE', value: (coord) => coord.role },
      { title: 'BALLOT', align: 'right', value: (coord) => coord.ballot },
      { title: 'DECIDED', align: 'right', value: (coord) => coord.decidedUpTo },
      { title: 'ZXID', align: 'right', value: (coord) => coord.zxid },
    ],
    [...state.coords].sort((a, b) => a.id - b.id),
  );
}

function agentsTable(state: ClusterState): string {
  return table(
    [
      { title: 'AGENT', value: (agent) => agent.agentId },
      { title: 'HOST', value: (agent) => agent.hostname },
      { title: 'STATE', value: (agent) => agent.state },
      {
        title: 'CPUS FREE',
        align: 'right',
        value: (agent) => `${round(agent.available.cpus, 2)} of ${round(agent.total.cpus, 2)}`,
      },
      {
        title: 'MEM FREE',
        align: 'right',
        value: (agent) => `${mebibytes(agent.available.mem)} of ${mebibytes(agent.total.mem)}`,
      },
      {
        title: 'USED',
        align: 'right',
        value: (agent) => `${round(agent.used.cpus, 2)} cpus, ${mebibytes(agent.used.mem)}`,
      },
      { title: 'RUNS', align: 'right', value: (agent) => agent.attempts },
    ],
    [...state.agents].sort((a, b) => (a.agentId < b.agentId ? -1 : 1)),
  );
}

function frameworksTable(state: ClusterState): string {
  return table(
    [
      { title: 'FRAMEWORK', value: (framework) => framework.frameworkId },
      { title: 'NAME', value: (framework) => framework.name },
      { title: 'STATE', value: (framework) => framework.state },
      { title: 'CPUS', align: 'right', value: ({ allocated }) => round(allocated.cpus, 2) },
      { title: 'MEM', align: 'right', value: ({ allocated }) => mebibytes(allocated.mem) },
      { title: 'OFFERS', align: 'right', value: (framework) => framework.offers },
      { title: 'RUNS', align: 'right', value: (framework) => framework.tasks },
    ],
    [...state.frameworks].sort((a, b) => (a.frameworkId < b.frameworkId ? -1 : 1)),
  );
}

function tasksText(state: ClusterState, coloured: boolean): string {
  const counts = taskStates
    .filter((each) => (state.tasks[each] ?? 0) > 0)
    .map((each) => `${state.tasks[each]} ${stateText(each, coloured)}`);
  return `Tasks: ${counts.length === 0 ? 'none' : counts.join(', ')}\n`;
}

function metricsText(metrics: Metrics): string {
  const { resourceAllocationRatio: allocated, resourceUtilization: used } = metrics;
  const delay = metrics.taskSchedulingDelay;
  const inSeconds = (value: number | null) => (value === null ? '-' : duration(value * 1000));
  return pairs([
    [
      'RAR  resources allocated',
      `cpus ${percent(allocated.cpus)}, mem ${percent(allocated.mem)}, disk ${percent(allocated.disk)}`,
    ],
    ['RU   resources used', `cpus ${percent(used.cpus)}, mem ${percent(used.mem)}`],
    [
      'TSD  scheduling delay',
      `ratio ${delay.ratio === null ? '-' : round(delay.ratio, 2)}; to the start ${inSeconds(delay.secondsMean)} on average, ${inSeconds(delay.secondsP50)} median, ${inSeconds(delay.secondsP99)} p99`,
    ],
    ['TSR  task success rate', percent(metrics.taskSuccessRate)],
  ]);
}
