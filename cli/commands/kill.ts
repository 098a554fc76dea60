/** `mesozoo kill TASK…` */
import type { Command } from 'commander';
import type { TaskReplies } from '../../protocol/task-api.ts';
import { seconds } from '../arguments.ts';
import { exitCodes } from '../exit-codes.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { findTask } from '../task-lookup.ts';

export function addKill(program: Command, parts: CommandParts): void {
  const command = program
    .command('kill')
    .description('end tasks: SIGTERM to all their processes, then SIGKILL')
    .argument('<task...>', 'ids, beginnings of ids, or names')
    .option('--grace <time>', 'between SIGTERM and SIGKILL (as the task asked for, 3s)', seconds)
    .addHelpText('after', '\nExamples:\n  mesozoo kill report\n  mesozoo kill --grace 0 4f1c 9ab0');
  addClusterOptions(command).action(async (words: string[], options: { grace?: number }) =>
    runWithCluster(parts, command, async (context) => {
      const { connection } = context;
      const killed: TaskReplies['kill'][] = [];
      for (const word of words) {
        const { taskId, name } = await findTask(connection, word);
        const request = {
          taskId,
          ...(options.grace !== undefined && { graceSeconds: options.grace }),
        };
        const reply = await connection.ask<TaskReplies['kill']>(
          connection.subjects.task('kill'),
          request,
          { repeatable: true },
        );
        killed.push(reply);
        if (!context.json) context.print(`${name} ${taskId} ${reply.state}\n`);
      }
      if (context.json) context.printJson(killed);
      return exitCodes.ok;
    }),
  );
}
