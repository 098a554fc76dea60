/** Runs one load against the servers of an ensemble. */
import { pause } from '../../../tests/cluster/harness.ts';
import { type LoadConnection, openConnection, type Server } from './connection.ts';
import { createTemplate } from './frames.ts';
import { type Load, preparation } from './loads.ts';
import { Recorder, type Tally } from './tally.ts';

const WARM_UP_MS = 2000;

export interface Driven extends Tally {
  /** Processor time of the servers while it was measured. */
  readonly cpuMs: number;
}

/**
 * Rejects when a connection breaks: a load that lost some of itself is no measurement. `cpuMs` tells the processor time
 * the servers have used so far.
 */
export async function drive(
  servers: readonly Server[],
  load: Load,
  options: { readonly seconds: number; readonly cpuMs: () => number },
): Promise<Driven> {
  const { seconds, cpuMs } = options;
  const connections = await openAll(servers, load.connections);
  try {
    const under = `/bench-${process.pid}-${Date.now()}`;
    const value = Buffer.alloc(load.valueBytes, 'x');
    await prepare(connections, under, value);
    const recorder = new Recorder(performance.now() + WARM_UP_MS, seconds);
    connections.forEach((connection, index) => {
      connection.start(
        load.outstanding,
        load.requests(under, index, value),
        (now, latency, error) => recorder.reply(now, latency, error),
      );
    });
    await pause(WARM_UP_MS);
    const cpuMsBefore = cpuMs();
    await pause(seconds * 1000);
    const cpuMsMeasured = cpuMs() - cpuMsBefore;
    await Promise.all(connections.map((connection) => connection.stop()));
    for (const { broken } of connections) if (broken !== undefined) throw broken;
    return { ...recorder.tally(), cpuMs: cpuMsMeasured };
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** One after another over the servers, so that each has its share. */
async function openAll(servers: readonly Server[], count: number): Promise<LoadConnection[]> {
  const opening = Array.from({ length: count }, (_, index) => {
    const server = servers[index % servers.length];
    if (server === undefined) throw new Error('no servers to load');
    return openConnection(server);
  });
  return Promise.all(opening);
}

async function prepare(
  connections: readonly LoadConnection[],
  under: string,
  value: Buffer,
): Promise<void> {
  const [first, ...others] = connections;
  if (first === undefined) throw new Error('a load without connections');
  for (const request of preparation(under, value)) {
    const error = await first.ask(request);
    if (error !== 0) throw new Error(`what the load needs could not be created: error ${error}`);
  }
  // A server that lags behind learns of the new znodes before a write of its own connection is answered.
  for (const [index, connection] of others.entries()) {
    const error = await connection.ask(createTemplate(`${under}-${index}`, value));
    if (error !== 0) throw new Error(`a connection cannot write: error ${error}`);
  }
}
