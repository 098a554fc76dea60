/** `mesozoo ps`: the tasks. */
import type { Command } from 'commander';
import type { TaskView } from '../../protocol/task-api.ts';
import { isFinal, type TaskState, taskStates } from '../../protocol/task-states.ts';
import { states } from '../arguments.ts';
import { exitCodes } from '../exit-codes.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { duration, mebibytes, table } from '../table.ts';
import { listTasks } from '../task-lookup.ts';
import { howItEnded, stateText } from '../task-words.ts';

interface PsOptions {
  readonly all?: boolean;
  readonly state?: readonly TaskState[];
  readonly name?: string;
  readonly queue?: string;
  readonly agent?: string;
}

export function addPs(program: Command, parts: CommandParts): void {
  const command = program
    .command('ps')
    .description('tasks that wait or run')
    .option('-a, --all', 'those that have ended too')
    .option('-s, --state <states>', 'only these, for example running,queued', states)
    .option('--name <task-name>', 'only those of this name')
    .option('--queue <queue>', 'only those of this queue')
    .option('--agent <agent>', 'only those whose last attempt is on this agent')
    .addHelpText(
      'after',
      '\nExamples:\n  mesozoo ps\n  mesozoo ps --all --name report\n  mesozoo ps --state failed,lost --json',
    );
  addClusterOptions(command).action(async (options: PsOptions) =>
    runWithCluster(parts, command, async (context) => {
      const wanted =
        options.state ??
        (options.all === true ? taskStates : taskStates.filter((s) => !isFinal(s)));
      const tasks = await listTasks(context.connection, {
        states: wanted,
        ...(options.name !== undefined && { name: options.name }),
        ...(options.queue !== undefined && { queue: options.queue }),
        ...(options.agent !== undefined && { agentId: options.agent }),
      });
      tasks.sort((a, b) => a.submittedAtMs - b.submittedAtMs);
      if (context.json) context.printJson(tasks);
      else if (tasks.length > 0)
        context.print(taskTable(tasks, context.connection.ports.clock.wallMs(), context.coloured));
      else context.note(nothingFound(options));
      return exitCodes.ok;
    }),
  );
}

export function taskTable(tasks: readonly TaskView[], nowMs: number, coloured: boolean): string {
  return table(
    [
      { title: 'TASK', value: (task) => task.taskId },
      { title: 'NAME', value: (task) => task.name },
      {
        title: 'STATE',
        value: (task) => task.state,
        paint: (_text, task) => stateText(task.state, coloured),
      },
      { title: 'CPUS', align: 'right', value: (task) => task.request.resources.cpus },
      { title: 'MEM', align: 'right', value: (task) => mebibytes(task.request.resources.mem) },
      { title: 'AGENT', value: (task) => task.attempt?.agentId },
      { title: 'TRIES', align: 'right', value: (task) => task.attempts },
      { title: 'AGE', align: 'right', value: (task) => duration(nowMs - task.submittedAtMs) },
      { title: 'TOOK', align: 'right', value: (task) => tookText(task, nowMs) },
      { title: 'ENDED WITH', value: (task) => howItEnded(task) || undefined },
    ],
    tasks,
  );
}

/** Of the last attempt, from its start. */
function tookText(task: TaskView, nowMs: number): string | undefined {
  const { attempt } = task;
  if (attempt?.startedAtMs === undefined) return undefined;
  const endMs = attempt.endedAtMs ?? task.endedAtMs ?? nowMs;
  return duration(endMs - attempt.startedAtMs);
}

function nothingFound(options: PsOptions): string {
  const { state, name, queue, agent } = options;
  const filtered = [state, name, queue, agent].some((each) => each !== undefined);
  if (options.all === true || filtered) return 'There is no such task.';
  return 'No task waits or runs. Those that have ended: mesozoo ps --all';
}
