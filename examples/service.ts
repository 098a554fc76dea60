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
import { parseArgs } from 'node:util';
import { connectNats, NatsLink, openSession } from 'mesozoo/framework';
import { ServiceKeeper } from '../actors/framework/services/keeper.ts';
import { ServiceRegistry } from '../actors/framework/services/registry.ts';
import type { ServiceSpec } from '../actors/framework/services/spec.ts';
import { logForPeople } from './service/log.ts';
import { ServiceTree } from './service/tree.ts';

const usage = `usage: mesozoo run examples/service.ts --name NAME [--instances N] [--cpus N] [--mem MIB] [--ports N]
           [--failover-seconds N] [--keep-running] [--nats URL] [--cluster NAME] -- COMMAND
       mesozoo run examples/service.ts --name NAME --teardown`;

/** How a run ends; `forgotten`: the failover timeout has passed, instances and id are gone. */
type End = 'drained' | 'left' | 'forgotten' | { readonly failure: string };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string', default: '' },
    instances: { type: 'string', default: '1' },
    cpus: { type: 'string', default: '0.1' },
    mem: { type: 'string', default: '32' },
    ports: { type: 'string', default: '1' },
    'failover-seconds': { type: 'string', default: '3600' },
    'keep-running': { type: 'boolean', default: false },
    teardown: { type: 'boolean', default: false },
    nats: { type: 'string' },
    cluster: { type: 'string', default: process.env.MESOZOO_CLUSTER || 'mz' },
  },
});
const spec: ServiceSpec = {
  name: options.name,
  command: positionals.join(' '),
  env: {},
  resources: {
    cpus: Number(options.cpus),
    mem: Number(options.mem),
    disk: 0,
    gpus: 0,
    ports: Number(options.ports),
  },
  killGraceSeconds: 3,
};
const isNamed = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(spec.name);
if (!isNamed || (spec.command === '' && !options.teardown)) leave(2, usage);

const log = logForPeople();
const { cluster, nats } = options;
const connection = await connectNats({ nats, name: `service-${spec.name}`, log });
const { ports } = connection;
const session = await openSession(ports, { cluster, timeoutMs: 10_000, reopen: true });
const tree = new ServiceTree(session, spec.name);
if (options.teardown && !(await tree.exists())) leave(1, `there is no service ${spec.name}`);

let askedToEnd: () => void = () => leave(130);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => askedToEnd());

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
      failover_timeout: Number(options['failover-seconds']),
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
  askedToEnd = () => {
    // A second signal does not wait.
    askedToEnd = () => leave(130);
    if (options['keep-running']) ends('left');
    else drain();
  };
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

function leave(exitCode: number, message?: string): never {
  if (message !== undefined) console.error(message);
  process.exit(exitCode);
}
