/** `mesozoo events [TASK]`: changes of state as they are decided. */
import type { Command } from 'commander';
import type { TaskEvent } from '../../protocol/task-api.ts';
import { isFinal } from '../../protocol/task-states.ts';
import { interrupted } from '../context.ts';
import { exitCodeOfSignal, exitCodes } from '../exit-codes.ts';
import { foreignText } from '../foreign-text.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { findTask } from '../task-lookup.ts';
import { watchTaskEvents } from '../task-stream.ts';
import { stateText } from '../task-words.ts';

export function addEvents(program: Command, parts: CommandParts): void {
  const command = program
    .command('events')
    .description('changes of state of tasks, as they are decided, until Ctrl-C')
    .argument('[task]', 'only of this one, to its end: id, beginning of an id, or name')
    .addHelpText('after', '\nExamples:\n  mesozoo events\n  mesozoo events report --json');
  addClusterOptions(command).action(async (word: string | undefined) =>
    runWithCluster(parts, command, async (context) => {
      const { connection } = context;
      const task = word === undefined ? undefined : await findTask(connection, word);
      let ended: (() => void) | undefined;
      const end = new Promise<'ended'>((resolve) => {
        ended = () => resolve('ended');
      });
      const watching = watchTaskEvents(connection, task?.taskId, (event) => {
        if (context.json) context.printJson(event, 'line');
        else context.print(`${eventLine(event, context.coloured)}\n`);
        if (task !== undefined && isFinal(event.state)) ended?.();
      });
      if (task !== undefined && isFinal(task.state)) {
        context.note(`${task.name} ${task.taskId} has already ended: ${task.state}`);
        ended?.();
      }
      const why = await Promise.race([interrupted(context), end]);
      watching.unsubscribe();
      return why === 'ended' ? exitCodes.ok : exitCodeOfSignal(why);
    }),
  );
}

/** `12:03:04.123  report  4f1c…  TASK_RUNNING  on agent-2` */
export function eventLine(event: TaskEvent, coloured: boolean): string {
  const time = new Date(event.atMs).toISOString().slice(11, 23);
  const details = [
    event.agentId === undefined ? undefined : `on ${event.agentId}`,
    event.signal ?? (event.exitCode === undefined ? undefined : `exit code ${event.exitCode}`),
    event.message ?? event.reason,
  ].filter((each) => each !== undefined);
  const [name, taskId, rest] = [event.name, event.taskId, details.join(', ')].map(foreignText);
  return [time, name, taskId, stateText(event.state, coloured), rest].join('  ').trimEnd();
}
