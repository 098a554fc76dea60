/** `mesozoo submit -- COMMAND…` and `mesozoo submit -f JOB.json`: runs tasks, and waits for them. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { MesozooError } from '../../protocol/errors.ts';
import type { ExplainReply, SubmitInput, TaskView } from '../../protocol/task-api.ts';
import { isFinal } from '../../protocol/task-states.ts';
import {
  environment,
  list,
  numberValue,
  seconds,
  sizeMebibytes,
  wholeNumber,
} from '../arguments.ts';
import type { Context } from '../context.ts';
import { exitCodeOfSignal, exitCodes } from '../exit-codes.ts';
import { readJob, submitJob } from '../job.ts';
import { jobPrinter, newRun, runJob, submitTask } from '../job-run.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { findTask } from '../task-lookup.ts';
import { followTask } from '../task-stream.ts';
import { exitCodeOfTask, howItEnded, stateText } from '../task-words.ts';

interface SubmitOptions {
  readonly file?: string;
  readonly detach?: boolean;
  readonly name?: string;
  readonly cpus?: number;
  readonly mem?: number;
  readonly disk?: number;
  readonly gpus?: number;
  readonly ports?: number;
  readonly env?: Record<string, string>;
  readonly dependsOn?: readonly string[];
  readonly queue?: string;
  readonly priority?: number;
  readonly retry?: number;
  readonly timeout?: number;
  readonly user?: string;
  readonly key?: string;
}

/** After so long without starting, it is said what the task waits for. */
const EXPLAIN_AFTER_MS = 2_000;

export function addSubmit(program: Command, parts: CommandParts): void {
  const command = program
    .command('submit')
    .description('run a command on an agent, print its output, end with its exit code')
    .argument(
      '[command...]',
      'one word is a line for /bin/sh; several are a program and its arguments',
    )
    .option('-f, --file <job>', 'a file of tasks instead: {"tasks": [...]}, dependsOn by name')
    .option('-d, --detach', 'print the id, and do not wait')
    .option('-n, --name <name>', 'of the task (the first word of the command)')
    .option('-c, --cpus <number>', 'cpus (0.1)', numberValue)
    .option('-m, --mem <size>', 'memory: MiB, or with a unit, 1.5g (32)', sizeMebibytes)
    .option('--disk <size>', 'disk: MiB, or with a unit', sizeMebibytes)
    .option('--gpus <count>', 'gpus', wholeNumber)
    .option('--ports <count>', 'how many ports', wholeNumber)
    .option(
      '-e, --env <NAME=VALUE>',
      'environment; may be repeated',
      environment(parts.surroundings.env),
    )
    .option('--depends-on <tasks>', 'wait until these have finished: ids or names', list)
    .option('-q, --queue <queue>', 'queue (default)')
    .option('--priority <number>', 'greater goes first within its queue', wholeNumber)
    .option('--retry <attempts>', 'tries at most (1)', wholeNumber)
    .option('--timeout <time>', 'of one try: 30, 90s, 5m, 1h', seconds)
    .option('-u, --user <name>', 'user to run as')
    .option('-k, --key <key>', 'the same key again finds the same task')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Ctrl-C kills the task and waits for its end; a second Ctrl-C leaves it.

Examples:
  mesozoo submit -- echo hi
  mesozoo submit --cpus 2 --mem 1g --name count -- 'seq 1000 | wc -l'
  mesozoo submit --retry 3 --timeout 5m -e STAGE=test -- ./build.sh --all
  mesozoo submit --detach --depends-on fetch,combine -- sh report.sh
  mesozoo submit -f examples/hello.json`,
    );
  addClusterOptions(command).action(async (words: string[], options: SubmitOptions) => {
    if (options.file === undefined && words.length === 0)
      return command.error('error: give a command, for example: mesozoo submit -- echo hi');
    if (options.file !== undefined && words.length > 0)
      return command.error('error: give a command or --file, not both');
    return options.file === undefined
      ? runWithCluster(parts, command, (context) => submitCommand(context, words, options))
      : submitFile(parts, command, options.file, options.detach === true);
  });
}

async function submitCommand(
  context: Context,
  words: readonly string[],
  options: SubmitOptions,
): Promise<number> {
  const { connection } = context;
  const dependsOn: string[] = [];
  for (const word of options.dependsOn ?? [])
    dependsOn.push((await findTask(connection, word)).taskId);
  const request = requestOf(words, options, dependsOn);
  const { taskId, state } = await submitTask(connection, request);
  if (options.detach === true) {
    if (context.json) context.printJson({ taskId, state });
    else context.print(`${taskId}\n`);
    return exitCodes.ok;
  }
  const task = await followToEnd(context, taskId);
  if (task === 'left') return exitCodeOfSignal('SIGINT');
  if (context.json) context.printJson(task);
  else if (task.state !== 'TASK_FINISHED')
    context.note(`mesozoo: ${task.name} ${taskId} ${task.state}: ${howItEnded(task)}`);
  return exitCodeOfTask(task);
}

export function requestOf(
  words: readonly string[],
  options: SubmitOptions,
  dependsOn: readonly string[],
): SubmitInput {
  const { cpus = 0.1, mem = 32, disk = 0, gpus = 0, ports = 0 } = options;
  const optional = <Value>(field: string, value: Value | undefined) =>
    value === undefined ? {} : { [field]: value };
  return {
    name: options.name ?? nameFor(words),
    ...(words.length === 1 ? { command: words[0] } : { argv: [...words] }),
    resources: { cpus, mem, disk, gpus, ports },
    ...optional('env', options.env),
    ...(dependsOn.length > 0 && { dependsOn: [...dependsOn] }),
    ...optional('queue', options.queue),
    ...optional('priority', options.priority),
    ...(options.retry !== undefined && { retry: { attempts: options.retry } }),
    ...optional('timeoutSeconds', options.timeout),
    ...optional('user', options.user),
    ...optional('idempotencyKey', options.key),
  };
}

/** The program's name, with what a task's name may have. */
export function nameFor(words: readonly string[]): string {
  const first = words[0]?.trim().split(/\s+/)[0] ?? '';
  const name = basename(first)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63);
  return name === '' ? 'task' : name;
}

/** `left` when a second Ctrl-C ends the waiting. */
async function followToEnd(context: Context, taskId: string): Promise<TaskView | 'left'> {
  const { connection } = context;
  let asked = 0;
  let leave: ((value: 'left') => void) | undefined;
  const left = new Promise<'left'>((resolve) => {
    leave = resolve;
  });
  const interrupts = context.onInterrupt(() => {
    asked += 1;
    if (asked > 1) {
      context.note(`mesozoo: ${taskId} goes on; mesozoo logs -f ${taskId}`);
      leave?.('left');
      return;
    }
    context.note(`mesozoo: killing ${taskId}; Ctrl-C again leaves it`);
    connection
      .ask(connection.subjects.task('kill'), { taskId }, { repeatable: true })
      .catch((error: Error) => context.note(`mesozoo: ${error.message}`));
  });
  const readerGone = context.onReaderGone(() =>
    context.note(`mesozoo: nobody reads any more, ${taskId} goes on; mesozoo kill ${taskId}`),
  );
  let waits = true;
  const explaining = connection.ports.clock.after(EXPLAIN_AFTER_MS, () => {
    if (waits) void explainWaiting(context, taskId);
  });
  try {
    const following = followTask(
      connection,
      taskId,
      { streams: ['stdout', 'stderr'], untilEnd: true },
      {
        changed: (task) => {
          waits = task.state === 'TASK_BLOCKED' || task.state === 'TASK_QUEUED';
        },
        output: (stream, bytes) => {
          if (context.json || stream === 'stderr') context.stderr.write(bytes);
          else context.print(bytes);
        },
      },
    );
    following.catch(() => undefined); // told by the race, unless it was left
    return await Promise.race([following, left]);
  } finally {
    explaining.cancel();
    interrupts.stop();
    readerGone.stop();
  }
}

async function explainWaiting(context: Context, taskId: string): Promise<void> {
  const { connection } = context;
  try {
    const { why, state } = await connection.ask<ExplainReply>(
      connection.subjects.task('explain'),
      { taskId },
      { repeatable: true },
    );
    if (!isFinal(state)) context.note(`mesozoo: ${taskId} waits: ${why}`);
  } catch (error) {
    // Only a help: whatever is wrong, the waiting itself will tell.
    if (!(error instanceof MesozooError)) throw error;
  }
}

async function submitFile(
  parts: CommandParts,
  command: Command,
  file: string,
  detach: boolean,
): Promise<void> {
  const job = readJob(file);
  await runWithCluster(parts, command, async (context) => {
    const { connection } = context;
    if (detach) {
      const tasks = await submitJob(job, newRun(), (request) => submitTask(connection, request));
      if (context.json) context.printJson(tasks);
      else for (const task of tasks) context.print(`${task.name} ${task.taskId}\n`);
      return exitCodes.ok;
    }
    const write = context.json
      ? () => undefined
      : (text: string) => {
          context.print(`${text}\n`);
        };
    const printer = jobPrinter(job, write, {
      state: (state) => stateText(state, context.coloured),
      dim: (text) => text,
    });
    const running = runJob(connection, job, printer);
    running.catch(() => undefined); // told by the race, unless it was left
    const interrupts: { stop(): void }[] = [];
    const left = new Promise<'left'>((resolve) => {
      interrupts.push(context.onInterrupt(() => resolve('left')));
    });
    const tasks = await Promise.race([running, left]);
    for (const each of interrupts) each.stop();
    if (tasks === 'left') {
      context.note('mesozoo: the tasks go on; mesozoo ps');
      return exitCodeOfSignal('SIGINT');
    }
    if (context.json) context.printJson(tasks);
    return tasks.every((task) => task.state === 'TASK_FINISHED') ? exitCodes.ok : exitCodes.failed;
  });
}
