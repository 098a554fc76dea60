/**
 * Which cluster a command speaks to, and as whom. What is nearest counts: option, environment, configuration file,
 * default. Address and credentials are taken together from one place: a password never goes to a server that it was
 * not given with.
 */
import { accessSync, constants } from 'node:fs';
import { MesozooError } from '../../protocol/errors.ts';
import { type Credentials, readServers } from '../../runtime/servers.ts';
import type { ClusterAddress, TlsFiles } from '../connection.ts';
import {
  type Config,
  type ContextEntry,
  clusterName,
  configPath,
  contextOf,
  fileSeenFrom,
  hasSecrets,
  isOpenToOthers,
  readConfigFile,
} from './config-file.ts';

/** The options of the command line. */
export interface GivenAddress {
  readonly nats?: string | undefined;
  readonly cluster?: string | undefined;
  readonly context?: string | undefined;
  readonly config?: string | undefined;
}

export interface ResolvedAddress {
  readonly address: ClusterAddress;
  /** Where the address and its credentials are from, for people: `--nats`, `MESOZOO_NATS`, `context prod of …`. */
  readonly source: string;
  /** Of the configuration file, where one is in use. */
  readonly context?: string;
  /** What is not wrong, but unwise. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;
export const DEFAULT_URL = 'nats://127.0.0.1:4222';
const DEFAULT_CLUSTER = 'mz';

/** Throws BAD_ARGUMENT that names the option, the variable, or the key of the file. */
export function resolveAddress(given: GivenAddress, env: Environment): ResolvedAddress {
  if (given.nats !== undefined && given.context !== undefined)
    throw new MesozooError('BAD_ARGUMENT', 'give --nats or --context, not both');
  const variable = (name: string) => env[name] || undefined;
  const cluster = (context?: ContextEntry) =>
    nameOfCluster([
      ['--cluster', given.cluster],
      // A context that was asked for by option goes before the environment.
      ['', given.context === undefined ? undefined : context?.cluster],
      ['MESOZOO_CLUSTER', variable('MESOZOO_CLUSTER')],
      ['', context?.cluster],
    ]);
  const url = given.nats ?? (given.context === undefined ? variable('MESOZOO_NATS') : undefined);
  if (url !== undefined) {
    const source = given.nats === undefined ? 'MESOZOO_NATS' : '--nats';
    return { address: { ...serversOf(url, source), cluster: cluster() }, source, warnings: [] };
  }
  const chosen = chooseContext(given, env);
  if (chosen === undefined)
    return {
      address: { url: DEFAULT_URL, cluster: cluster() },
      source: 'default',
      warnings: [],
    };
  const { name, entry, path, config } = chosen;
  const { connection, secretFiles } = connectionOf(name, entry, path);
  return {
    address: { ...connection, cluster: cluster(entry) },
    source: `context ${name} of ${path}`,
    context: name,
    warnings: [...(hasSecrets(config) ? [path] : []), ...secretFiles]
      .filter(isOpenToOthers)
      .map((file) => `others may read ${file}, which holds secrets: chmod 600 ${file}`),
  };
}

interface ChosenContext {
  readonly name: string;
  readonly entry: ContextEntry;
  readonly path: string;
  readonly config: Config;
}

function chooseContext(given: GivenAddress, env: Environment): ChosenContext | undefined {
  const wanted = given.context ?? (env.MESOZOO_CONTEXT || undefined);
  const place = configPath(given.config, env);
  const config = place === undefined ? undefined : readConfigFile(place.path);
  if (place === undefined || config === undefined) {
    if (wanted === undefined && place?.named !== true) return undefined;
    const file = place === undefined ? 'HOME is not set: no configuration file' : place.path;
    throw new MesozooError(
      'BAD_ARGUMENT',
      place === undefined ? file : `there is no configuration file ${file}: mesozoo context add`,
    );
  }
  const name = wanted ?? config.current;
  if (name === undefined) return undefined;
  return { name, entry: contextOf(config, name, place.path), path: place.path, config };
}

function serversOf(url: string, what: string): Omit<ClusterAddress, 'cluster'> {
  const { secure, ...servers } = readServers(url, what);
  return { ...servers, ...(secure && { tls: {} }) };
}

/** Of one context: what connects, and the files with secrets that it names. */
function connectionOf(
  name: string,
  entry: ContextEntry,
  path: string,
): { connection: Omit<ClusterAddress, 'cluster'>; secretFiles: string[] } {
  const what = (key: string) => `${path}: "contexts.${name}.${key}"`;
  const named = (key: string, file: string) => readable(what(key), fileSeenFrom(file, path));
  const servers = serversOf([entry.nats].flat().join(','), what('nats'));
  const own = credentialsOf(entry, (file) => named('creds', file));
  if (own !== undefined && servers.credentials !== undefined)
    throw new MesozooError(
      'BAD_ARGUMENT',
      `${what('nats')} has credentials, and the context has others`,
    );
  const tls: TlsFiles = Object.fromEntries(
    Object.entries(entry.tls ?? {}).map(([key, file]) => [key, named(`tls.${key}`, file)]),
  );
  return {
    connection: {
      ...servers,
      ...(own !== undefined && { credentials: own }),
      ...(entry.tls !== undefined && { tls }),
    },
    secretFiles: [...(own?.kind === 'creds' ? [own.file] : []), ...(tls.key ? [tls.key] : [])],
  };
}

function credentialsOf(
  { user, password, token, creds }: ContextEntry,
  named: (file: string) => string,
): Credentials | undefined {
  if (user !== undefined && password !== undefined) return { kind: 'user', user, password };
  if (token !== undefined) return { kind: 'token', token };
  if (creds !== undefined) return { kind: 'creds', file: named(creds) };
  return undefined;
}

function readable(what: string, file: string): string {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new MesozooError('BAD_ARGUMENT', `${what}: ${file} cannot be read`, { cause });
  }
  return file;
}

/** The first that is there. */
function nameOfCluster(given: readonly (readonly [what: string, name: string | undefined])[]) {
  const [what, name] = given.find(([, each]) => each !== undefined) ?? [undefined, DEFAULT_CLUSTER];
  const result = clusterName.safeParse(name);
  if (result.success) return result.data;
  throw new MesozooError(
    'BAD_ARGUMENT',
    `${what}: ${result.error.issues[0]?.message} (given: ${JSON.stringify(name)})`,
  );
}
