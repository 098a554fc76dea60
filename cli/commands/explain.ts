/** `mesozoo explain TASK`: why it is where it is. */
import type { Command } from 'commander';
import type { ExplainReply } from '../../protocol/task-api.ts';
import { exitCodes } from '../exit-codes.ts';
import { foreignText } from '../foreign-text.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { table } from '../table.ts';
import { findTask } from '../task-lookup.ts';
import { stateText } from '../task-words.ts';

export function addExplain(program: Command, parts: CommandParts): void {
  const command = program
    .command('explain')
    .description('why a task is where it is, and what it waits for')
    .argument('<task>', 'id, beginning of an id, or name')
    .addHelpText('after', '\nExample:\n  mesozoo explain report');
  addClusterOptions(command).action(async (word: string) =>
    runWithCluster(parts, command, async (context) => {
      const { connection } = context;
      const task = await findTask(connection, word);
      const reply = await connection.ask<ExplainReply>(
        connection.subjects.task('explain'),
        { taskId: task.taskId },
        { repeatable: true },
      );
      if (context.json) context.printJson(reply);
      else context.print(explanation(task.name, reply, context.coloured));
      return exitCodes.ok;
    }),
  );
}

export function explanation(name: string, reply: ExplainReply, coloured: boolean): string {
  const parts = [
    `${name} ${reply.taskId} ${stateText(reply.state, coloured)}\n${foreignText(reply.why)}\n`,
  ];
  if (reply.ahead !== undefined && reply.ahead > 0)
    parts.push(`${reply.ahead} ${reply.ahead === 1 ? 'task is' : 'tasks are'} ahead of it.\n`);
  if (reply.dependencies !== undefined && reply.dependencies.length > 0)
    parts.push(
      table(
        [
          { title: 'DEPENDS ON', value: (each) => each.taskId },
          { title: 'STATE', value: (each) => each.state },
        ],
        reply.dependencies,
      ),
    );
  if (reply.agents !== undefined && reply.agents.length > 0)
    parts.push(
      table(
        [
          { title: 'AGENT', value: (each) => each.agentId },
          { title: 'HOST', value: (each) => each.hostname },
          { title: 'LACKS', value: (each) => each.lacks.join('; ') || 'nothing' },
        ],
        reply.agents,
      ),
    );
  return parts.join('\n');
}
