/** `mesozoo top`: the cluster, live. */
import { type Command, InvalidArgumentError } from 'commander';
import { seconds } from '../arguments.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { frame } from '../top/frame.ts';
import { runLive, Watcher } from '../top/live.ts';
import { firstView } from '../top/view.ts';

interface TopOptions {
  readonly interval?: number;
  readonly once?: boolean;
}

const PAPER_COLUMNS = 100;
const PAPER_TASKS = 20;
const INTERVAL_SECONDS = { least: 0.2, most: 3600 };

export function addTop(program: Command, parts: CommandParts): void {
  const command = program
    .command('top')
    .description('the cluster, live: quorum, masters, agents, queues, tasks, rates')
    .option('-i, --interval <time>', 'between two looks (1s)', interval)
    .option('--once', 'print one frame, and end; so does a pipe')
    .addHelpText(
      'after',
      `
Keys: q quits, space pauses, t, s, a and u choose which tasks, agents and queues stand where, ? tells all.
Bars: █ used, ▒ allocated and not used, · free.

Examples:
  mesozoo top
  mesozoo top --interval 5s
  mesozoo top --once | head -5
  mesozoo top --json | jq .metrics.queues`,
    );
  addClusterOptions(command).action(async (options: TopOptions) =>
    runWithCluster(parts, command, async (context) => {
      const view = { ...firstView, intervalSeconds: options.interval ?? firstView.intervalSeconds };
      const { terminal } = context;
      const live = terminal !== undefined && options.once !== true && !context.json;
      return live ? runLive(context, terminal, view) : printOnce(context);
    }),
  );
}

async function printOnce(context: Context): Promise<number> {
  const watcher = new Watcher(context);
  const sample = await watcher.look({
    choice: firstView.tasks,
    order: firstView.taskOrder,
    limit: PAPER_TASKS,
  });
  const columns =
    context.terminal?.size().columns ?? (Number(context.env.COLUMNS) || PAPER_COLUMNS);
  const model = watcher.model(firstView)!;
  if (context.json) context.printJson(sample);
  else
    context.print(
      `${frame(model, { columns, rows: Number.POSITIVE_INFINITY }, context.coloured).join('\n')}\n`,
    );
  return sample.state === undefined ? exitCodes.failed : exitCodes.ok;
}

function interval(text: string): number {
  const value = seconds(text);
  if (value < INTERVAL_SECONDS.least || value > INTERVAL_SECONDS.most)
    throw new InvalidArgumentError(
      `Expected from ${INTERVAL_SECONDS.least}s to ${INTERVAL_SECONDS.most / 60}m.`,
    );
  return value;
}
