/**
 * The way in for programs of users (`import … from 'mesozoo/framework'`): a connection to NATS as an ordinary client,
 * and all that a framework needs on it.
 */
import type { Logger, Ports } from '../actors/actor.ts';
import { Framework, type SubscribeOptions } from '../actors/framework/sdk/promises.ts';
import { systemClock } from './clock.ts';
import { createLogger } from './log.ts';
import { connectTransport } from './nats.ts';
import { systemRandom } from './random.ts';
import { identityOf, readServers } from './servers.ts';
import { version } from './version.ts';

export { type CoordSession, connect as openSession } from '../actors/coord/client/promises.ts';
export { recipesOf } from '../actors/coord/client/recipes/promises.ts';
export { AgentOffers, byAgent } from '../actors/framework/sdk/agent-offers.ts';
export { NatsLink } from '../actors/framework/sdk/nats-link.ts';
export {
  Framework,
  type Handlers,
  type SubscribeOptions,
} from '../actors/framework/sdk/promises.ts';
export { Scheduler, type SchedulerHandlers } from '../actors/framework/sdk/scheduler.ts';
export { type TaskDescription, taskInfo } from '../actors/framework/sdk/task-info.ts';
export { MesozooError } from '../protocol/errors.ts';
export type { FrameworkInfo, Offer, TaskStatus } from '../protocol/framework-api.ts';
export { fromMesos, toMesos } from '../protocol/mesos-resources.ts';
export {
  addResources,
  contains,
  type Resources,
  subtractResources,
} from '../protocol/resources.ts';
export { isFinal, type TaskState } from '../protocol/task-states.ts';

export interface NatsOptions {
  /** `nats://user:password@host:4222`, several with commas; MESOZOO_NATS, or this machine's, where it is left out. */
  readonly nats?: string;
  /** Shown by the server's monitoring. */
  readonly name: string;
  /** Silent where it is left out. */
  readonly log?: Logger;
}

export interface UserConnection {
  readonly ports: Ports;
  /** After what was sent has left. */
  close(): Promise<void>;
}

const DEFAULT_URL = 'nats://127.0.0.1:4222';
const FIRST_CONNECT_MS = 10_000;

/**
 * Reconnects for ever later. Rejects with UNAVAILABLE when no server answers now, AUTH_FAILED when one refuses,
 * BAD_ARGUMENT for what is no address.
 */
export async function connectNats(options: NatsOptions): Promise<UserConnection> {
  const log = options.log ?? createLogger({ level: 'silent', fields: {} });
  const { url, credentials, secure } =
    options.nats === undefined
      ? readServers(process.env.MESOZOO_NATS || DEFAULT_URL, 'MESOZOO_NATS')
      : readServers(options.nats, 'nats');
  const connected = await connectTransport({
    ...{ url, role: 'client', name: options.name, log, version },
    ...identityOf(credentials),
    ...(secure && { tls: {} }),
    firstConnectTimeoutMs: FIRST_CONNECT_MS,
  });
  const { transport } = connected;
  return {
    ports: { clock: systemClock, random: systemRandom, transport, log },
    close: () => connected.drain(),
  };
}

/** Connects and subscribes: one call for a framework that needs nothing else. `close` ends both. */
export async function subscribe(
  options: SubscribeOptions & Partial<NatsOptions>,
): Promise<Framework> {
  const { nats, log } = options;
  const connection = await connectNats({ nats, log, name: options.name ?? options.info.name });
  return Framework.subscribe(connection.ports, options, connection.close);
}
