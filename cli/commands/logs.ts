/** `mesozoo logs [-f] TASK`: what a task has written, and writes. */
import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { findTask } from '../task-lookup.ts';
import { followTask, type Stream } from '../task-stream.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly stderr?: boolean;
  readonly both?: boolean;
}

export function addLogs(program: Command, parts: CommandParts): void {
  const command = program
    .command('logs')
    .description('what a task has written')
    .argument('<task>', 'id, beginning of an id, or name')
    .option('-f, --follow', 'go on until the task has ended')
    .option('--stderr', 'its stderr instead of its stdout')
    .option('--both', 'its stdout to stdout, its stderr to stderr')
    .addHelpText('after', '\nExamples:\n  mesozoo logs report\n  mesozoo logs -f --both key-4f1c');
  addClusterOptions(command).action(async (word: string, options: LogsOptions) =>
    runWithCluster(parts, command, async (context) => {
      const task = await findTask(context.connection, word);
      const streams: Stream[] =
        options.both === true
          ? ['stdout', 'stderr']
          : [options.stderr === true ? 'stderr' : 'stdout'];
      // A character may lie across two pieces.
      const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
      await followTask(
        context.connection,
        task.taskId,
        { streams, untilEnd: options.follow === true },
        {
          output: (stream, bytes) => {
            if (context.json) {
              const data = decoders[stream].decode(bytes, { stream: true });
              if (data !== '') context.printJson({ stream, data }, 'line');
            } else if (options.both === true && stream === 'stderr') context.stderr.write(bytes);
            else context.print(bytes);
          },
        },
      );
      return exitCodes.ok;
    }),
  );
}
