/** How a command of a cluster is run: with a connection that is closed afterwards, whatever happens. */
import type { Command } from 'commander';
import { type Context, contextOf, type Surroundings } from './context.ts';
import { clusterOptionsOf } from './options.ts';

/** What the table of commands gives to each. */
export interface CommandParts {
  readonly surroundings: Surroundings;
  /** Takes the exit code. */
  ended(exitCode: number): void;
}

/** For `command.action`: connects, runs, closes; the result is the exit code. */
export async function runWithCluster(
  parts: CommandParts,
  command: Command,
  run: (context: Context) => Promise<number>,
): Promise<void> {
  const { surroundings } = parts;
  const { json, address, warnings } = clusterOptionsOf(command, surroundings.env);
  const tell = (text: string) => surroundings.stderr.write(`mesozoo: ${text}\n`);
  for (const warning of warnings) tell(warning);
  const connection = await surroundings.connect(address, tell);
  try {
    parts.ended(await run(contextOf(surroundings, connection, json)));
  } finally {
    await connection.close();
  }
}
