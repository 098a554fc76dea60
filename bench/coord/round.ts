/** Everything that is measured of one ensemble in one round. */
import { cpuTimeMs } from '../load/cpu-time.ts';
import { median } from '../load/histogram.ts';
import type { Comparison, Goal } from './comparison.ts';
import { longestWithoutWrite } from './failover.ts';
import { drive } from './load/drive.ts';
import { type Load, type LoadName, loads } from './load/loads.ts';
import { residentBytes, withDescendants } from './process-tree.ts';
import type { Rival } from './rivals/rival.ts';

/** What ours has to be, for the sake of which anyone would change. */
const goals: Readonly<Record<LoadName, { rate?: Goal; p50?: Goal; p99?: Goal }>> = {
  set: { rate: { ratioAtLeast: 8 }, p99: { ratioAtMost: 0.25 } },
  create: { rate: { ratioAtLeast: 4 } },
  get: { rate: { ratioAtLeast: 8 } },
  mixed: { rate: { ratioAtLeast: 6 } },
  'one-set': { p50: { ratioAtMost: 1 } },
  'one-get': { p50: { ratioAtMost: 1 } },
  'set-1k': { rate: { ratioAtLeast: 5 } },
};
const MIB = 2 ** 20;

export interface RoundOptions {
  readonly seconds: number;
  /** Kills the leader when all else is measured. */
  readonly failover: boolean;
  figure(figure: Omit<Comparison, 'values'>, value: number): void;
  progress(line: string): void;
}

export async function measureRound(
  rival: Rival,
  names: readonly LoadName[],
  options: RoundOptions,
): Promise<void> {
  for (const name of names) await measureLoad(rival, name, options);
  const servers = rival.serverPids();
  if (servers.length > 0) {
    const each = servers.map((pid) => residentBytes(withDescendants([pid])) / MIB);
    const figure = { what: 'resident memory of one server after the run', unit: 'MiB' };
    options.figure({ ...figure, goal: { ratioAtMost: 0.5 } }, median(each));
    const helpers = residentBytes(withDescendants(rival.helperPids())) / MIB;
    options.figure({ what: 'resident memory of what they share', unit: 'MiB' }, helpers);
  }
  if (!options.failover) return;
  const seconds = await longestWithoutWrite(rival);
  options.progress(`leader killed, ${seconds.toFixed(2)} s without a write`);
  const figure = { what: 'leader killed: longest time without a write', unit: 's' };
  options.figure({ ...figure, goal: { atMost: 0.5 } }, seconds);
}

async function measureLoad(rival: Rival, name: LoadName, options: RoundOptions): Promise<void> {
  const load: Load = loads[name];
  const { title } = load;
  const goal = goals[name];
  const cpuMs = () => cpuTimeMs(withDescendants([...rival.serverPids(), ...rival.helperPids()]));
  const driven = await drive(rival.servers, load, { seconds: options.seconds, cpuMs });
  const errors = driven.errors > 0 ? `, ${driven.errors} ERRORS` : '';
  options.progress(
    `${title}: ${Math.round(driven.perSecond)}/s, p99 ${driven.p99Ms.toFixed(2)} ms${errors}`,
  );
  const figure = (what: string, unit: string, value: number, wanted?: Goal) =>
    options.figure(
      { what: `${title}${what}`, unit, ...(wanted !== undefined && { goal: wanted }) },
      value,
    );
  figure('', '/s', driven.perSecond, goal.rate);
  figure(': worst second', '/s', driven.worstSecond);
  figure(': p50', 'ms', driven.p50Ms, goal.p50);
  figure(': p99', 'ms', driven.p99Ms, goal.p99);
  figure(': p99.9', 'ms', driven.p999Ms);
  if (rival.serverPids().length > 0)
    figure(': processor time of all servers', 's', driven.cpuMs / 1000);
  figure(': errors', '', driven.errors);
}
