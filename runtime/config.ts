/**
 * The options of a process: from its arguments (`--member 1`), else from its environment (`MESOZOO_MEMBER=1`), else
 * a default. Secrets come from the environment alone: everybody may read the arguments of a process.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { MesozooError } from '../protocol/errors.ts';
import type { MasterId, MemberId } from '../protocol/ids.ts';
import type { PortRange } from '../protocol/resources.ts';
import { logLevels } from './log.ts';

const token = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'letters, digits, "_" and "-", at most 63');
const secret = z.string().min(1).max(256);
const whole = z.coerce.number().int();
const amount = z.coerce.number().min(0);
const port = whole.min(0).max(65_535);
const member = whole
  .min(1)
  .max(255)
  .transform((value) => value as MemberId);

/** `31000-32000`, several with commas between them. */
const portRanges = z
  .string()
  .regex(/^\d+-\d+(,\d+-\d+)*$/, 'ranges of ports, for example 31000-32000')
  .transform((value) =>
    value.split(',').map((range): PortRange => {
      const [first, last] = range.split('-').map(Number) as [number, number];
      return [first, last];
    }),
  )
  .refine((ranges) => ranges.every(([first, last]) => first <= last && last <= 65_535), {
    message: 'the first port of a range must not be above the last',
  })
  .refine((ranges) => ranges.every((range, index) => !ranges.slice(index + 1).some(meets(range))), {
    message: 'the ranges must not overlap',
  });

function newMasterId(): string {
  const name = (hostname().split('.')[0] as string)
    .replace(/^[^A-Za-z0-9]+|[^\w-]/g, '')
    .slice(0, 50);
  return `${name || 'master'}-${randomBytes(4).toString('hex')}`;
}

function meets([first, last]: PortRange): (other: PortRange) => boolean {
  return ([otherFirst, otherLast]) => first <= otherLast && otherFirst <= last;
}

/** `rack:a;zone:b`, as Mesos writes attributes. */
const attributes = z
  .string()
  .regex(/^[^:;]+:[^:;]*(;[^:;]+:[^:;]*)*$/, 'attributes, for example rack:a;zone:b')
  .transform((value) =>
    Object.fromEntries(
      value.split(';').map((pair): [string, string] => {
        const [name, content] = pair.split(':') as [string, string];
        return [name.trim(), content.trim()];
      }),
    ),
  );

const common = {
  cluster: token.default('mz'),
  nats: z.string().min(1).default('nats://127.0.0.1:4222'),
  logLevel: z.enum(logLevels).default('info'),
  logFile: z.string().min(1).optional(),
  /** Touched every second while the process does its work, and only then: for health checks (ready-file.ts). */
  readyFile: z.string().min(1).optional(),
  /** Of the NATS user of the role. */
  natsSecret: secret,
  /** Guards the system's znodes: the digest identity is `system:<secret>`. */
  systemSecret: secret,
};

const schemas = {
  coord: z
    .strictObject({
      ...common,
      member,
      data: z.string().min(1),
      /** Where ZooKeeper's clients connect. */
      zookeeperPort: port.optional(),
      zookeeperHost: z.string().min(1).optional(),
      /** Where their secureClientPort, admin.serverPort and metricsProvider.httpPort are, if not where zooCfg says. */
      zookeeperSecurePort: port.optional(),
      zookeeperAdminPort: port.optional(),
      zookeeperMetricsPort: port.optional(),
      zooCfg: z.string().min(1).optional(),
      /** Both together create a cluster: only for its very first start. */
      bootstrapCluster: token.optional(),
      bootstrapMembers: z
        .string()
        .regex(/^\d+(,\d+)*$/, 'member numbers, for example 1,2,3')
        .transform((value) => value.split(',').map((id) => member.parse(id)))
        .optional(),
    })
    .refine(
      (config) =>
        (config.bootstrapCluster === undefined) === (config.bootstrapMembers === undefined),
      { message: 'bootstrap-cluster and bootstrap-members belong together' },
    ),
  master: z.strictObject({
    ...common,
    /** New at each start, as in Mesos; the name makes it readable. */
    id: token.default(newMasterId).transform((value) => value as MasterId),
    hostname: z.string().min(1).default(hostname()),
    ip: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
    port: port.default(5050),
    executor: z.enum(['process', 'noop']).default('process'),
    allocator: z.enum(['fcfs']).default('fcfs'),
  }),
  agent: z.strictObject({
    ...common,
    name: token.optional(),
    hostname: z.string().min(1).default(hostname()),
    data: z.string().min(1),
    cpus: amount.optional(),
    mem: amount.optional(),
    disk: amount.optional(),
    gpus: whole.min(0).default(0),
    ports: portRanges.optional(),
    /** What is found on the machine is shared by so many agents. */
    agentsOnMachine: whole.min(1).max(1000).default(1),
    attributes: attributes.default({}),
  }),
} as const;

export type ProcessKind = keyof typeof schemas;
export type ProcessConfig<Kind extends ProcessKind> = z.output<(typeof schemas)[Kind]>;

/** Throws MesozooError BAD_ARGUMENT that names every argument that is wrong, missing or unknown. */
export function readConfig<Kind extends ProcessKind>(
  kind: Kind,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ProcessConfig<Kind> {
  const schema = schemas[kind];
  const fields = Object.keys((schema as unknown as { shape: Record<string, unknown> }).shape);
  const raw: Record<string, string> = {};
  for (const field of fields) {
    const value = env[`MESOZOO_${field.replace(/[A-Z]/g, (upper) => `_${upper}`).toUpperCase()}`];
    if (value !== undefined && value !== '') raw[field] = value;
  }
  Object.assign(raw, readArguments(args));
  const roleSecret = env[`MESOZOO_${kind.toUpperCase()}_SECRET`];
  if (roleSecret !== undefined) raw.natsSecret = roleSecret;
  const result = schema.safeParse(raw);
  if (!result.success) throw new MesozooError('BAD_ARGUMENT', explain(kind, result.error));
  return result.data as ProcessConfig<Kind>;
}

function readArguments(args: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (let index = 0; index < args.length; index += 2) {
    const [name, value] = [args[index] ?? '', args[index + 1]];
    if (!/^--[a-z][a-z-]*$/.test(name) || value === undefined)
      throw new MesozooError(
        'BAD_ARGUMENT',
        `expected "--name value", got ${JSON.stringify(name)}`,
      );
    const field = name.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (field.endsWith('Secret'))
      throw new MesozooError('BAD_ARGUMENT', `${name} belongs into the environment, not here`);
    values[field] = value;
  }
  return values;
}

function explain(kind: ProcessKind, error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      if (issue.code === 'unrecognized_keys')
        return `${issue.keys.map(argumentOf).join(', ')}: no such argument of a ${kind}`;
      const field = issue.path[0];
      if (field === undefined) return issue.message;
      if (field === 'natsSecret') return `MESOZOO_${kind.toUpperCase()}_SECRET: ${issue.message}`;
      if (field === 'systemSecret') return `MESOZOO_SYSTEM_SECRET: ${issue.message}`;
      return `${argumentOf(String(field))}: ${issue.message}`;
    })
    .join('; ');
}

function argumentOf(field: string): string {
  return `--${field.replace(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`)}`;
}
