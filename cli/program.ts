/** The table of commands. Each is a file in `commands/`; `up` and `down` are in `up/`. */
import { Command } from 'commander';
import { version } from '../runtime/version.ts';
import { addCompletion } from './commands/completion.ts';
import { addContext } from './commands/context.ts';
import { addCoord } from './commands/coord.ts';
import { addEvents } from './commands/events.ts';
import { addExplain } from './commands/explain.ts';
import { addInspect } from './commands/inspect.ts';
import { addKill } from './commands/kill.ts';
import { addLogs } from './commands/logs.ts';
import { addPs } from './commands/ps.ts';
import { addStatus } from './commands/status.ts';
import { addSubmit } from './commands/submit.ts';
import { addTop } from './commands/top.ts';
import { addZk } from './commands/zk.ts';
import type { Surroundings } from './context.ts';
import { exitCodeOfError, exitCodes, exitCodesHelp, messageOf } from './exit-codes.ts';
import { addClusterOptions } from './options.ts';
import type { CommandParts } from './run-command.ts';

/** Runs one command line (without `node` and the file) and resolves with its exit code. */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Surroundings,
  more: (program: Command) => void = () => undefined,
): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(
    {
      surroundings,
      ended: (code) => {
        exitCode = code;
      },
    },
    more,
  );
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    const message = messageOf(error);
    if (message !== undefined) surroundings.stderr.write(`mesozoo: ${message}\n`);
    return exitCodeOfError(error);
  }
}

export function createProgram(parts: CommandParts, more: (program: Command) => void): Command {
  const { stdout, stderr } = parts.surroundings;
  const program = new Command('mesozoo')
    .description('One cluster kernel: a coordination service and a scheduler over NATS.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
    })
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText(
      'after',
      `
Examples:
  mesozoo up                          start a cluster here (npm start does this)
  mesozoo submit -- echo hi           run a command on some agent, and wait for it
  mesozoo ps                          what waits and runs
  mesozoo status                      masters, coords, agents, metrics
  mesozoo top                         the same, live, with queues and tasks
  mesozoo inspect                     watch the statecharts move
  mesozoo coord add                   one more coord, while everything runs
  mesozoo zk ls /                     look into the tree
${exitCodesHelp}`,
    );
  addClusterOptions(program);
  more(program);
  addSubmit(program, parts);
  addPs(program, parts);
  addLogs(program, parts);
  addKill(program, parts);
  addExplain(program, parts);
  addEvents(program, parts);
  addStatus(program, parts);
  addTop(program, parts);
  addInspect(program, parts);
  addCoord(program, parts);
  addZk(program, parts);
  addContext(program, parts);
  addCompletion(program, parts);
  return program;
}
