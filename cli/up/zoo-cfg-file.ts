/** The zoo.cfg that a cluster is started with, and where the members' ports for ZooKeeper's clients come from. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type IgnoredKey, parseZooCfg, zooCfgKeys } from '../../actors/coord/gateway/zoo-cfg.ts';
import { MesozooError } from '../../protocol/errors.ts';
import { didYouMean } from '../nearest.ts';

const CLIENT_PORT = 2181;

export interface ZooCfgFile {
  readonly path: string;
  /** One line for each key without effect. */
  readonly remarks: readonly string[];
  readonly clientPort: number | undefined;
  /** Those that a `server.N` line gives. */
  readonly clientPorts: ReadonlyMap<number, number>;
}

/** Throws BAD_ARGUMENT when the file cannot be read or has a bad value. */
export function readZooCfgFile(path: string): ZooCfgFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MesozooError('BAD_ARGUMENT', `--zoo-cfg: ${(cause as Error).message}`, { cause });
  }
  const { settings, ignored, servers } = parseZooCfg(text);
  return {
    path: resolve(path),
    remarks: ignored.map(remark),
    clientPort: settings.clientPort,
    clientPorts: new Map(
      servers.flatMap(({ id, clientPort }) => (clientPort === undefined ? [] : [[id, clientPort]])),
    ),
  };
}

function remark({ key, line, kind, why }: IgnoredKey): string {
  const meant = kind === 'unknown' ? didYouMean(key, zooCfgKeys) : '';
  return `zoo.cfg line ${line}: ${key} has no effect: ${why}.${meant}`;
}

/** The members of one machine follow each other from `clientPort`, unless a `server.N` line says where. */
export function zooKeeperPort(
  member: number,
  portOffset: number,
  file?: Pick<ZooCfgFile, 'clientPort' | 'clientPorts'>,
): number {
  const own = file?.clientPorts.get(member) ?? (file?.clientPort ?? CLIENT_PORT) + member - 1;
  return own + portOffset;
}
