/**
 * The configuration file of the command line: named contexts, each a cluster's address with its credentials, and which
 * one is in use. By default `~/.config/mesozoo/config.json` ($XDG_CONFIG_HOME); `--config` or MESOZOO_CONFIG name another.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { MesozooError } from '../../protocol/errors.ts';
import { didYouMean } from '../nearest.ts';

const text = z.string().min(1).max(4096);
/** Seen from the file's directory; `~/` is the home directory. */
const file = text;
export const clusterName = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, 'expected the first token of the subjects, for example mz');
export const contextName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits, ".", "_" and "-", at most 63');

const contextSchema = z
  .strictObject({
    nats: z.union([text, z.array(text).min(1)], 'expected an address, or a list of addresses'),
    cluster: clusterName.optional(),
    user: text.optional(),
    password: text.optional(),
    token: text.optional(),
    creds: file.optional(),
    tls: z
      .strictObject({ ca: file.optional(), cert: file.optional(), key: file.optional() })
      .optional(),
  })
  .refine((context) => (context.user === undefined) === (context.password === undefined), {
    message: 'user and password belong together',
  })
  .refine(({ user, token, creds }) => [user, token, creds].filter(isThere).length <= 1, {
    message: 'give one of user and password, token, and creds',
  })
  .refine(({ tls }) => (tls?.cert === undefined) === (tls?.key === undefined), {
    message: 'tls: cert and key belong together',
  });

const configSchema = z.strictObject({
  current: contextName.optional(),
  contexts: z.record(contextName, contextSchema).default({}),
});
export type Config = z.output<typeof configSchema>;
export type ContextEntry = z.output<typeof contextSchema>;
type Environment = Readonly<Record<string, string | undefined>>;

function isThere(value: unknown): boolean {
  return value !== undefined;
}

export interface ConfigPath {
  readonly path: string;
  /** Somebody named it: it must be there. */
  readonly named: boolean;
}

/** Undefined where there is neither a name nor a home directory. */
export function configPath(option: string | undefined, env: Environment): ConfigPath | undefined {
  const named = option ?? (env.MESOZOO_CONFIG || undefined);
  if (named !== undefined) return { path: resolve(named), named: true };
  const base = env.XDG_CONFIG_HOME || (env.HOME ? join(env.HOME, '.config') : undefined);
  return base === undefined
    ? undefined
    : { path: join(base, 'mesozoo', 'config.json'), named: false };
}

/** Undefined when there is no such file. Throws BAD_ARGUMENT that names what is wrong in it. */
export function readConfigFile(path: string): Config | undefined {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new MesozooError('BAD_ARGUMENT', `${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  return parseConfig(content, path);
}

export function parseConfig(content: string, path: string): Config {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    // V8 quotes the text around the fault, which may be a password: its place is enough.
    const place = /\(line (\d+) column (\d+)\)/.exec((cause as Error).message);
    const where = place === null ? '' : ` (line ${place[1]}, column ${place[2]})`;
    throw new MesozooError('BAD_ARGUMENT', `${path} is no JSON${where}`);
  }
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap(problemsOf);
  throw new MesozooError('BAD_ARGUMENT', `${path}: ${problems.join('; ')}`);
}

function problemsOf(issue: z.core.$ZodIssue): string[] {
  const name = (...more: string[]) => [...issue.path.map(String), ...more].join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = issue.path.length === 0 ? configSchema : contextSchema;
    return issue.keys.map(
      (key) => `unknown key "${name(key)}".${didYouMean(key, Object.keys(known.shape))}`,
    );
  }
  if (issue.code === 'invalid_key')
    return [`"${name()}": ${issue.issues[0]?.message ?? issue.message}`];
  return [`${issue.path.length === 0 ? '' : `"${name()}": `}${issue.message}`];
}

/** The whole content at once, for its owner alone. */
export function writeConfigFile(path: string, config: Config): void {
  const temporary = `${path}.${process.pid}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
    chmodSync(temporary, 0o600);
    renameSync(temporary, path);
  } catch (cause) {
    throw new MesozooError(
      'BAD_ARGUMENT',
      `${path} cannot be written: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Throws BAD_ARGUMENT. */
export function contextOf(config: Config, name: string, path: string): ContextEntry {
  const found = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(config.contexts);
  const there =
    names.length === 0 ? 'It has none: mesozoo context add.' : `There are ${names.join(', ')}.`;
  throw new MesozooError(
    'BAD_ARGUMENT',
    `${path}: there is no context "${name}".${didYouMean(name, names)} ${there}`,
  );
}

export function hasSecrets({ contexts }: Config): boolean {
  return Object.values(contexts).some(
    (context) =>
      context.password !== undefined ||
      context.token !== undefined ||
      [context.nats].flat().some((address) => address.includes('@')),
  );
}

export function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}

/** As a path in the file is meant. */
export function fileSeenFrom(path: string, configFile: string): string {
  const home = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
  return resolve(dirname(configFile), home);
}
