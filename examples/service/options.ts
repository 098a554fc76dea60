/** The command line of the service. */
import { parseArgs } from 'node:util';
import type { ServiceSpec } from '../../actors/framework/services/spec.ts';

export interface ServiceOptions {
  readonly spec: ServiceSpec;
  /** Of a new service: later the tree says it. */
  readonly instances: number;
  readonly failoverSeconds: number;
  readonly keepRunning: boolean;
  readonly teardown: boolean;
  readonly nats: string | undefined;
  readonly cluster: string;
}

export const usage = `usage: mesozoo run examples/service.ts --name NAME [OPTIONS] -- COMMAND
       mesozoo run examples/service.ts --name NAME --teardown

The words of COMMAND are joined and run by /bin/sh -c, with PORT0, PORT1, ... of the ports that the instance has.

  --instances N         of a new service (1); later: mesozoo zk set /config/services/NAME N
  --cpus N  --mem MIB   of one instance (0.1, 32)
  --ports N             how many it needs (1)
  --failover-seconds N  how long instances go on without this process (3600)
  --keep-running        Ctrl-C leaves the instances to the next start
  --teardown            ends a service whose process is gone
  --nats URL            (MESOZOO_NATS; nats://127.0.0.1:4222)
  --cluster NAME        first token of every subject (MESOZOO_CLUSTER; mz)`;

/** Throws an Error that says what is wrong; undefined where help is wanted. */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ServiceOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      name: { type: 'string', default: '' },
      instances: { type: 'string', default: '1' },
      cpus: { type: 'string', default: '0.1' },
      mem: { type: 'string', default: '32' },
      ports: { type: 'string', default: '1' },
      'failover-seconds': { type: 'string', default: '3600' },
      'keep-running': { type: 'boolean', default: false },
      teardown: { type: 'boolean', default: false },
      nats: { type: 'string' },
      cluster: { type: 'string', default: env.MESOZOO_CLUSTER || 'mz' },
    },
  });
  if (values.help) return undefined;
  const { name, teardown } = values;
  const command = positionals.join(' ');
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name))
    throw new Error('--name: expected letters, digits, "_" and "-", at most 63');
  if (command === '' && !teardown) throw new Error('a command is missing, after --');
  return {
    spec: {
      name,
      command,
      env: {},
      resources: {
        cpus: amountOf('cpus', values.cpus),
        mem: amountOf('mem', values.mem),
        disk: 0,
        gpus: 0,
        ports: countOf('ports', values.ports),
      },
      killGraceSeconds: 3,
    },
    instances: countOf('instances', values.instances),
    failoverSeconds: amountOf('failover-seconds', values['failover-seconds']),
    keepRunning: values['keep-running'],
    teardown,
    nats: values.nats,
    cluster: values.cluster,
  };
}

function amountOf(name: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`--${name}: expected a number, not "${text}"`);
  return Number(text);
}

function countOf(name: string, text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new Error(`--${name}: expected a count, not "${text}"`);
  return Number(text);
}
