/** The options that every command of a cluster takes, before or after the command's name. */
import type { Command } from 'commander';
import { MesozooError } from '../protocol/errors.ts';
import type { ClusterAddress } from './connection.ts';

export interface ClusterOptions extends ClusterAddress {
  readonly json: boolean;
}

export function addClusterOptions(command: Command): Command {
  return command
    .option('--nats <url>', 'NATS server or cluster (MESOZOO_NATS; nats://127.0.0.1:4222)')
    .option('--cluster <name>', 'first token of every subject (MESOZOO_CLUSTER; mz)')
    .option('--json', 'JSON for programs instead of text for people');
}

/** The nearest that says something counts: the command, those above it, the environment. */
export function clusterOptionsOf(
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
): ClusterOptions {
  const given = (name: string): unknown => {
    for (let each: Command | null = command; each !== null; each = each.parent) {
      const value = each.opts()[name] as unknown;
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const cluster = String(given('cluster') ?? (env.MESOZOO_CLUSTER || 'mz'));
  if (!/^[A-Za-z0-9_-]+$/.test(cluster))
    throw new MesozooError(
      'BAD_ARGUMENT',
      `--cluster: expected the first token of the subjects, for example mz (given: ${JSON.stringify(cluster)})`,
    );
  return {
    url: String(given('nats') ?? (env.MESOZOO_NATS || 'nats://127.0.0.1:4222')),
    cluster,
    json: given('json') === true,
  };
}
