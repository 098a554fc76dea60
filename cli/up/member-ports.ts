/** Where clients, monitors and browsers find each coord of a cluster on this machine. */
import { MesozooError } from '../../protocol/errors.ts';
import { whyNotFree } from './port-probe.ts';
import type { ZooCfgFile } from './zoo-cfg-file.ts';

export interface MemberPorts {
  readonly client: number;
  readonly secure: number | undefined;
  /** The admin commands, and metrics. */
  readonly admin: number | undefined;
  /** Metrics at a port of their own. */
  readonly metrics: number | undefined;
}

/** Where all members listen, each at its own port. */
export type MemberHosts = Readonly<Record<keyof MemberPorts, string>>;

export const LOOPBACK = '127.0.0.1';
export const loopback: MemberHosts = {
  client: LOOPBACK,
  secure: LOOPBACK,
  admin: LOOPBACK,
  metrics: LOOPBACK,
};

/** Of the first member, without a zoo.cfg. */
export const firstPorts: MemberPorts = {
  client: 2181,
  secure: undefined,
  admin: 8181,
  metrics: undefined,
};

const kinds = [
  ['client', 'clientPort'],
  ['secure', 'secureClientPort'],
  ['admin', 'admin.serverPort'],
  ['metrics', 'metricsProvider.httpPort'],
] as const;

/** The members of one machine follow each other, unless a `server.N` line says where clients connect. */
export function memberPorts(
  member: number,
  portOffset: number,
  file?: Pick<ZooCfgFile, 'ports' | 'clientPorts'>,
): MemberPorts {
  const first = file?.ports ?? firstPorts;
  const moved = (port: number | undefined) =>
    port === undefined ? undefined : port + member - 1 + portOffset;
  const own = file?.clientPorts.get(member);
  return {
    client: own === undefined ? first.client + member - 1 + portOffset : own + portOffset,
    secure: moved(first.secure),
    admin: moved(first.admin),
    metrics: moved(first.metrics),
  };
}

/** Throws BAD_ARGUMENT when two members would want one port. */
export function checkPorts(ofMembers: readonly (readonly [member: number, MemberPorts])[]): void {
  const taken = new Map<number, string>();
  for (const [member, ports] of ofMembers)
    for (const [kind, key] of kinds) {
      const port = ports[kind];
      if (port === undefined) continue;
      const name = `${key} of coord-${member}`;
      const other = taken.get(port);
      if (other !== undefined)
        throw new MesozooError(
          'BAD_ARGUMENT',
          `zoo.cfg: port ${port} would be ${other} and ${name}: ` +
            'members on one machine have their ports in a row, so choose ones further apart',
        );
      taken.set(port, name);
    }
}

/**
 * Throws PORT_TAKEN where a member would not be reached by its clients: they would speak to whoever has the port, or to
 * nobody. Pages are of less use: a member whose port for them is taken goes without.
 */
export async function assertClientPortsFree(
  ofMembers: readonly MemberPorts[],
  hosts: MemberHosts,
): Promise<void> {
  for (const ports of ofMembers)
    for (const [kind, key] of [kinds[0], kinds[1]]) {
      const port = ports[kind];
      const why = port === undefined ? undefined : await whyNotFree(port, hosts[kind]);
      if (why === undefined) continue;
      const remedy =
        why === 'EADDRNOTAVAIL'
          ? `say another ${key}Address`
          : `stop what uses it, say another ${key} with --zoo-cfg, or take other ports with --port-offset 100`;
      throw new MesozooError(
        'PORT_TAKEN',
        `ZooKeeper clients cannot be served at ${hosts[kind]}:${port} (${why}): ${remedy}`,
      );
    }
}

/** For the process of a coord. */
export function portArguments({ client, secure, admin, metrics }: MemberPorts): readonly string[] {
  const argument = (name: string, port: number | undefined) =>
    port === undefined ? [] : [`--zookeeper-${name}`, String(port)];
  return [
    ...argument('port', client),
    ...argument('secure-port', secure),
    ...argument('admin-port', admin),
    ...argument('metrics-port', metrics),
  ];
}

/** For people, in the words of their configuration; whoever listens everywhere is found on this machine too. */
export function addressLines(
  ofMembers: readonly MemberPorts[],
  hosts: MemberHosts,
): readonly string[] {
  const list = (kind: keyof MemberPorts) =>
    ofMembers.flatMap(({ [kind]: port }) => (port === undefined ? [] : [port])).join(',');
  const host = (kind: keyof MemberPorts) => {
    const own = hosts[kind];
    if (own === '0.0.0.0' || own === '::') return LOOPBACK;
    return own.includes(':') ? `[${own}]` : own;
  };
  const line = (what: string, kind: keyof MemberPorts) =>
    list(kind) === '' ? [] : [`${what}: ${host(kind)}:${list(kind)}`];
  const pages = (what: string, kind: 'admin' | 'metrics', path: string) => {
    const [first, ...others] = list(kind).split(',');
    const more = others.length === 0 ? '' : ` (and ${others.join(', ')})`;
    return first === '' ? [] : [`${what}: http://${host(kind)}:${first}${path}${more}`];
  };
  return [
    ...line('ZooKeeper clients', 'client'),
    ...line('ZooKeeper clients with TLS', 'secure'),
    ...pages('ZooKeeper admin commands', 'admin', '/commands'),
    ...pages('Prometheus metrics', 'metrics', '/metrics'),
  ];
}
