/**
 * A service kept at N instances, spread over the agents, and told to the world under `/services/<name>/<instance>`.
 *
 *     npx mesozoo run examples/service.ts --name web --instances 3 -- 'python3 -m http.server $PORT0'
 *     npx mesozoo zk ls /services/web
 *     npx mesozoo zk set /config/services/web 5
 *
 * Ctrl-C or SIGTERM ends the instances, then the service (with --keep-running only this process). When it was killed,
 * the same command goes on with the instances that it finds; they wait for it for --failover-seconds.
 */
import { connectNats, NatsLink, openSession } from 'mesozoo/framework';
import { ServiceKeeper } from '../actors/framework/services/keeper.ts';
import { ServiceRegistry } from '../actors/framework/services/registry.ts';
import { logForPeople } from './service/log.ts';
import { readOptions, type ServiceOptions, usage } from './service/options.ts';
import { ServiceTree } from './service/tree.ts';

/** How a run ends; `forgotten`: the failover timeout has passed, instances and id are gone. */
type End = 'drained' | 'left' | 'forgotten' | { readonly failure: string };

/** Ctrl-C reaches us twice, from the terminal and through `mesozoo run`. */
const SAME_SIGNAL_MS = 500;
const EXIT_SIGNALLED = 130;

const options = optionsOrLeave();
const { spec, cluster } = options;
const log = logForPeople();
const leaveFor = (error: Error) => leave(1, error.message);
const connection = await connectNats({
  nats: options.nats,
  name: `service-${spec.name}`,
  log,
}).catch(leaveFor);
const { ports } = connection;
const session = await openSession(ports, {
  cluster,
  timeoutMs: 10_000,
  reopen: true,
}).catch(leaveFor);
const tree = new ServiceTree(session, spec.name);
if (options.teardown && !(await tree.exists())) leave(1, `there is no service ${spec.name}`);

let askToEnd: () => void = () => leave(EXIT_SIGNALLED);
let signalledAtMs: number | undefined;
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, signalled);

let end: End;
do {
  end = await keep(await tree.claim(options.instances));
  if (end === 'drained' || end === 'forgotten') await tree.forget();
} while (end === 'forgotten');
if (end === 'drained') await tree.forgetScale();
await session.close();
await connection.close();
if (typeof end === 'object') leave(1, end.failure);
leave(0);

/** Runs the service as the framework of this id, until one of its ends. */
async function keep(frameworkId: string): Promise<End> {
  const { promise: ended, resolve: ends } = Promise.withResolvers<End>();
  const records = await tree.records();
  const link = new NatsLink(ports, {
    cluster,
    info: {
      user: '',
      name: `service-${spec.name}`,
      id: { value: frameworkId },
      failover_timeout: options.failoverSeconds,
      // To be told TASK_UNREACHABLE, long before TASK_LOST.
      capabilities: [{ type: 'PARTITION_AWARE' }],
    },
  });
  const { clock, random } = ports;
  const present = records.keys();
  const registry = new ServiceRegistry(session.client, { clock, log, name: spec.name, present });
  const keeper = new ServiceKeeper(link, {
    ...{ clock, random, log, spec, registry, records },
    over: (message) => ends(link.state() === 'tornDown' ? 'forgotten' : { failure: message }),
  });
  const drain = () => keeper.drain(() => keeper.teardown(() => ends('drained')));
  askToEnd = options.keepRunning ? () => ends('left') : drain;
  const following = tree.followScale(
    (instances) => keeper.scaleTo(instances),
    (text) => log.warn('not a number of instances', { text }),
  );
  if (options.teardown) drain();
  link.open();

  const end = await ended;
  following.stop();
  keeper.stop();
  link.close();
  await new Promise<void>((resolve) => registry.whenWritten(resolve));
  return end;
}

/** The first one asks for a good end, a second one does not wait for it. */
function signalled(): void {
  const nowMs = performance.now();
  if (signalledAtMs === undefined) {
    signalledAtMs = nowMs;
    askToEnd();
  } else if (nowMs - signalledAtMs > SAME_SIGNAL_MS) leave(EXIT_SIGNALLED);
}

function optionsOrLeave(): ServiceOptions {
  let read: ServiceOptions | undefined;
  try {
    read = readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    leave(2, `${(error as Error).message}\n\n${usage}`);
  }
  if (read !== undefined) return read;
  console.log(usage);
  leave(0);
}

function leave(exitCode: number, message?: string): never {
  if (message !== undefined) console.error(message);
  process.exit(exitCode);
}
