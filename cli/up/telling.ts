/** What the supervisor says of the cluster, in words for people. */
import { relative } from 'node:path';
import type { Cluster } from './cluster.ts';
import type { ClusterSight } from './cluster-sight.ts';
import { addressLines } from './member-ports.ts';
import type { UpOptions } from './options.ts';
import type { PartDeath } from './part.ts';
import type { Terminal } from './terminal.ts';

/** Undefined while nobody leads. */
export function coordsDetail(
  { leadingCoord }: ClusterSight,
  cluster: Cluster | undefined,
): string | undefined {
  const count = cluster?.running().filter(({ name }) => name.startsWith('coord')).length;
  return leadingCoord && `${count} running, coord-${leadingCoord.member} leads`;
}

/** Undefined while nobody leads. */
export function mastersDetail(
  { leadingMaster }: ClusterSight,
  { masters }: UpOptions,
): string | undefined {
  if (leadingMaster === undefined) return undefined;
  const name = leadingMaster.id.split('-').slice(0, 2).join('-');
  return `${masters} running, ${name} leads (epoch ${leadingMaster.epoch})`;
}

export function agentsDetail({ agents }: ClusterSight): string {
  const sum = (of: (agent: (typeof agents)[number]) => number) =>
    agents.reduce((total, agent) => total + of(agent), 0);
  const [cpus, mem] = [sum(({ total }) => total.cpus), sum(({ total }) => total.mem)];
  return `${agents.length} registered, ${cpus} cpus, ${(mem / 1024).toFixed(1)} GiB of memory`;
}

export function deathText(death: PartDeath): string {
  const why = death.why === undefined ? '' : ` (${death.why})`;
  const again =
    death.againInMs === undefined
      ? 'not started again, since it would only end again'
      : `started again in ${death.againInMs / 1000} s`;
  const times = death.inARow > 1 ? ` for the ${ordinal(death.inARow)} time in a row` : '';
  return `${death.part} ended${times}: ${death.how}${why}; ${again}; log: ${shown(death.log)}`;
}

/** Where the cluster is, and what to do with it. */
export function tellWhatNext(
  terminal: Terminal,
  options: UpOptions,
  cluster: Cluster | undefined,
  paths: { readonly data: string; readonly logs: string },
): void {
  const server =
    options.portOffset === 0 && options.nats === undefined ? '' : ` --nats ${cluster?.natsUrl}`;
  terminal.line();
  terminal.line(`NATS   ${cluster?.natsUrl}   (any client without credentials: mz.task.submit, …)`);
  for (const line of addressLines(cluster?.memberPorts ?? [])) terminal.line(line);
  terminal.line(`Logs   ${shown(paths.logs)}/`);
  terminal.line();
  terminal.line('Try next, in another terminal:');
  // One word in single quotes: the shell of the task expands it, not the one it is pasted into.
  for (const [name, words] of [
    ['submit', ` -- 'echo "hello from $(hostname), in $PWD"'`],
    ['status', ''],
    ['zk ls', ' /mesozoo'],
  ])
    terminal.line(`  ${terminal.bold(`npx mesozoo ${name}${server}${words}`)}`);
  terminal.line();
  const down = `npx mesozoo down${options.data === '.mesozoo' ? '' : ` --data ${shown(paths.data)}`}`;
  terminal.line(
    terminal.dim(`${options.detach ? down : 'Ctrl-C'} stops the cluster; its data stay.`),
  );
}

/** From here, unless that is longer. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

/** 2nd, 3rd, 4th, 11th, 21st. */
function ordinal(count: number): string {
  const last = count % 100 > 10 && count % 100 < 14 ? 0 : count % 10;
  return `${count}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`;
}
