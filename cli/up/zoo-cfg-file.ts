/** The zoo.cfg that a cluster is started with, and where the members' ports come from. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type IgnoredKey, parseZooCfg, zooCfgKeys } from '../../actors/coord/gateway/zoo-cfg.ts';
import { MesozooError } from '../../protocol/errors.ts';
import { openSasl } from '../../runtime/sasl.ts';
import { tlsServerOptions } from '../../runtime/tls/server-options.ts';
import { didYouMean } from '../nearest.ts';
import { firstPorts, type MemberPorts } from './member-ports.ts';

export interface ZooCfgFile {
  readonly path: string;
  /** One line for each key without effect. */
  readonly remarks: readonly string[];
  /** Of the first member. */
  readonly ports: MemberPorts;
  /** Those that a `server.N` line gives. */
  readonly clientPorts: ReadonlyMap<number, number>;
}

/** Throws BAD_ARGUMENT when the file, or one that it names, cannot be read or has a bad value. */
export function readZooCfgFile(path: string): ZooCfgFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MesozooError('BAD_ARGUMENT', `--zoo-cfg: ${(cause as Error).message}`, { cause });
  }
  const { settings, ignored, servers } = parseZooCfg(text);
  // Each coord reads them for itself: what is wrong with them is told here, before anything is started.
  if (settings.secure !== undefined) tlsServerOptions(settings.secure);
  if (settings.sasl !== undefined) openSasl(settings.sasl);
  return {
    path: resolve(path),
    remarks: ignored.map(remark),
    ports: {
      client: settings.clientPort ?? firstPorts.client,
      secure: settings.secure?.port,
      admin: settings.admin?.port,
      metrics: settings.metrics?.port,
    },
    clientPorts: new Map(
      servers.flatMap(({ id, clientPort }) => (clientPort === undefined ? [] : [[id, clientPort]])),
    ),
  };
}

function remark({ key, line, kind, why }: IgnoredKey): string {
  const meant = kind === 'unknown' ? didYouMean(key, zooCfgKeys) : '';
  return `zoo.cfg line ${line}: ${key} has no effect: ${why}.${meant}`;
}
