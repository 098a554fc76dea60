/** `mesozoo kill TASK…` */
import type { Command } from 'commander';
import { MesozooError } from '../../protocol/errors.ts';
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
    .addHelpText(
      'after',
      '\nExamples:\n  mesozoo kill report\n  mesozoo kill --grace 0 key-4f1c key-9ab0',
    );
  addClusterOptions(command).action(async (words: string[], options: { grace?: number }) =>
    runWithCluster(parts, command, async (context) => {
      const { connection } = context;
      const killed: TaskReplies['kill'][] = [];
      let failed = false;
      for (const word of words) {
        try {
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
        } catch (error) {
          // One of several is no reason to leave the others alone; without a cluster none is to be had.
          if (words.length === 1 || !(error instanceof MesozooError && error.definite)) throw error;
          failed = true;
          context.note(`mesozoo: ${error.message}`);
        }
      }
      if (context.json) context.printJson(killed);
      return failed ? exitCodes.failed : exitCodes.ok;
    }),
  );
}
