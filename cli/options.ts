/** The options that every command of a cluster takes, before or after the command's name. */
import type { Command } from 'commander';
import { type ResolvedAddress, resolveAddress } from './config/address.ts';

export interface ClusterOptions extends ResolvedAddress {
  readonly json: boolean;
}

export function addClusterOptions(command: Command): Command {
  return command
    .option('--nats <url>', 'NATS servers, commas between (MESOZOO_NATS; nats://127.0.0.1:4222)')
    .option('--cluster <name>', 'first token of every subject (MESOZOO_CLUSTER; mz)')
    .option(
      '--context <context>',
      'of the configuration file (MESOZOO_CONTEXT; mesozoo context ls)',
    )
    .option('--config <file>', 'configuration file (MESOZOO_CONFIG)')
    .option('--json', 'JSON for programs instead of text for people');
}

/** The nearest that says something counts: the command, those above it, the environment, the configuration file. */
export function clusterOptionsOf(
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
): ClusterOptions {
  const text = (name: string) => given(command, name) as string | undefined;
  return {
    ...resolveAddress(
      {
        nats: text('nats'),
        cluster: text('cluster'),
        context: text('context'),
        config: text('config'),
      },
      env,
    ),
    json: given(command, 'json') === true,
  };
}

/** The value of an option, of the command or of one above it. */
export function given(command: Command, name: string): unknown {
  for (let each: Command | null = command; each !== null; each = each.parent) {
    const value = each.opts()[name] as unknown;
    if (value !== undefined) return value;
  }
  return undefined;
}
