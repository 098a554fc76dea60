/** A load that goes on whatever happens to the servers, counted in short steps of time. */
import { pause } from '../../../tests/cluster/harness.ts';
import { type LoadConnection, openConnection, type Server } from '../load/connection.ts';
import { createTemplate } from '../load/frames.ts';
import { loads, preparation } from '../load/loads.ts';

export const STEP_MS = 200;
const CONNECTIONS = 12;
const RECONNECT_MS = 20;
const CONNECT_WAIT_MS = 1000;
/** A connection on which nothing is answered for so long is left, as a client does that has more servers to try. */
const SILENCE_MS = 3000;

/** Successful sets in each step of `seconds`; clients connect again, to the next server, when theirs is lost. */
export class Throughput {
  readonly steps: number[];
  private readonly servers: readonly Server[];
  private readonly under = `/timeline-${process.pid}-${Date.now()}`;
  private startMs = 0;
  private going = true;

  constructor(servers: readonly Server[], seconds: number) {
    this.servers = servers;
    this.steps = new Array<number>((seconds * 1000) / STEP_MS).fill(0);
  }

  /** Resolves when the time is over. */
  async run(): Promise<void> {
    await this.prepare();
    this.startMs = performance.now();
    const clients = Array.from({ length: CONNECTIONS }, (_, index) => this.client(index));
    await pause(this.steps.length * STEP_MS);
    this.going = false;
    await Promise.all(clients);
  }

  private async prepare(): Promise<void> {
    const connection = await openConnection(this.server(0));
    for (const request of preparation(this.under, VALUE)) {
      const error = await connection.ask(request);
      if (error !== 0) throw new Error(`what the load needs could not be created: error ${error}`);
    }
    connection.close();
    // Each server has heard of the new znodes before a write of its own is answered.
    for (let index = 1; index < this.servers.length; index++) {
      const other = await openConnection(this.server(index));
      await other.ask(createTemplate(`${this.under}-${index}`, VALUE));
      other.close();
    }
  }

  private server(index: number): Server {
    const server = this.servers[index % this.servers.length];
    if (server === undefined) throw new Error('no servers to load');
    return server;
  }

  private async client(index: number): Promise<void> {
    for (let at = index; this.going; at++) {
      try {
        const connection = await openConnection(this.server(at), CONNECT_WAIT_MS);
        await this.use(connection, index);
        connection.close();
      } catch {
        // Whoever is killed or paused refuses: how long that lasts is what is measured.
        await pause(RECONNECT_MS);
      }
    }
  }

  /** Until the connection is lost, or silent, or the time is over. */
  private async use(connection: LoadConnection, index: number): Promise<void> {
    let heardMs = performance.now();
    const next = loads.set.requests(this.under, index, VALUE);
    connection.start(loads.set.outstanding, next, (nowMs, _latencyMs, error) => {
      heardMs = nowMs;
      const step = Math.floor((nowMs - this.startMs) / STEP_MS);
      const before = this.steps[step];
      if (error === 0 && before !== undefined) this.steps[step] = before + 1;
    });
    while (this.going && connection.broken === undefined) {
      if (performance.now() - heardMs > SILENCE_MS) return;
      await pause(RECONNECT_MS);
    }
  }
}

const VALUE = Buffer.alloc(loads.set.valueBytes, 'x');
