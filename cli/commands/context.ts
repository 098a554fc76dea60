/** `mesozoo context …`: the clusters that the configuration file knows, and which one is in use. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { MesozooError } from '../../protocol/errors.ts';
import { type Credentials, readServers } from '../../runtime/servers.ts';
import { resolveAddress } from '../config/address.ts';
import {
  type Config,
  type ContextEntry,
  configPath,
  contextName,
  contextOf,
  parseConfig,
  readConfigFile,
  writeConfigFile,
} from '../config/config-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { clusterOptionsOf, given } from '../options.ts';
import type { CommandParts } from '../run-command.ts';
import { pairs, table } from '../table.ts';

interface AddOptions {
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly tokenStdin?: boolean;
  readonly creds?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly use?: boolean;
  readonly replace?: boolean;
}

interface OpenFile {
  readonly path: string;
  readonly config: Config;
}

const MASK = '***';

export function addContext(program: Command, parts: CommandParts): void {
  const { stdout, stderr, env } = parts.surroundings;
  const context = program
    .command('context')
    .description('clusters that you use: addresses and credentials by name')
    .addHelpText(
      'after',
      `
Kept in ~/.config/mesozoo/config.json ($XDG_CONFIG_HOME), which only you can read; --config or MESOZOO_CONFIG
name another file. What is nearest counts: --nats or --context, MESOZOO_NATS, MESOZOO_CONTEXT, the context in use.

Examples:
  mesozoo context add prod --nats nats://a:4222,nats://b:4222 --creds ~/prod.creds --use
  mesozoo context add test --nats nats://127.0.0.1:4522
  mesozoo context ls
  mesozoo --context test ps`,
    );
  /** One subcommand: `run` is called with the file, which need not be there. */
  const add = (
    usage: string,
    description: string,
    examples: readonly string[],
    run: (file: OpenFile, name: string, command: Command) => void | Promise<void>,
  ): Command => {
    const command = context
      .command(usage)
      .description(description)
      .option('--config <file>', 'configuration file (MESOZOO_CONFIG)')
      .addHelpText(
        'after',
        `\nExamples:\n${examples.map((line) => `  mesozoo context ${line}`).join('\n')}`,
      );
    return command.action(async (name: unknown) => {
      await run(openFile(command, env), typeof name === 'string' ? name : '', command);
      parts.ended(exitCodes.ok);
    });
  };
  const print = (command: Command, value: unknown, text: string) =>
    stdout.write(
      given(command, 'json') === true ? `${JSON.stringify(value, undefined, 2)}\n` : text,
    );
  const withJson = (command: Command) =>
    command.option('--json', 'JSON for programs instead of text for people');
  const save = (file: OpenFile, config: Config, told: string) => {
    writeConfigFile(file.path, config);
    stderr.write(`${told} (${file.path})\n`);
  };

  withJson(
    add('ls', 'the contexts; * marks the one in use', ['ls', 'ls --json'], (file, _, command) => {
      const rows = Object.entries(file.config.contexts).map(([name, entry]) => ({
        ...shownEntry(name, entry),
        current: name === file.config.current,
      }));
      if (rows.length === 0 && given(command, 'json') !== true)
        stderr.write('There is no context yet: mesozoo context add NAME --nats URL\n');
      else print(command, rows, contextTable(rows));
    }),
  );
  withJson(
    add(
      'show [context]',
      'where commands go, as whom, and who says so; secrets are masked',
      ['show', 'show prod', 'show --json'],
      (_, name, command) => {
        // MESOZOO_NATS too goes before a context that is only in use, but not before one that is asked for.
        const { address, source, warnings } =
          name === ''
            ? clusterOptionsOf(command, env)
            : resolveAddress({ context: name, config: textOf(command, 'config') }, env);
        for (const warning of warnings) stderr.write(`mesozoo: ${warning}\n`);
        const shown = {
          nats: address.url,
          cluster: address.cluster,
          credentials: credentialsText(address.credentials),
          tls: address.tls ?? null,
          from: source,
        };
        const tls = shown.tls === null ? 'as the server wants it' : `yes ${tlsText(shown.tls)}`;
        print(command, shown, pairs(Object.entries({ ...shown, tls: tls.trim() })));
      },
    ),
  );
  add('use <context>', 'makes it the one in use', ['use prod'], (file, name) => {
    contextOf(file.config, name, file.path);
    save(file, { ...file.config, current: name }, `Commands go to ${name} now`);
  });
  add('rm <context>', 'forgets it', ['rm test'], (file, name) => {
    contextOf(file.config, name, file.path);
    const { [name]: _, ...contexts } = file.config.contexts;
    const { current, ...rest } = { ...file.config, contexts };
    const kept = current === undefined || current === name ? rest : { ...rest, current };
    save(file, kept, `${name} is forgotten`);
  });
  add(
    'add <new-context>',
    'keeps an address with its credentials',
    [
      'add test --nats nats://127.0.0.1:4522 --cluster mz',
      'add prod --nats tls://a:4222,tls://b:4222 --creds ~/prod.creds --tls-ca ca.pem --use',
      'add staging --nats nats://c:4222 --user client --password-stdin < secret',
    ],
    async (file, name, command) => {
      const options = command.opts<AddOptions>();
      checkName(name);
      if (Object.hasOwn(file.config.contexts, name) && options.replace !== true)
        throw new MesozooError(
          'BAD_ARGUMENT',
          `there is a context "${name}" already: --replace puts this one in its place`,
        );
      const stdin = Buffer.from(
        options.passwordStdin || options.tokenStdin ? await parts.surroundings.readStdin() : [],
      );
      const entry = entryOf(command, options, stdin.toString('utf8').replace(/\r?\n$/, ''));
      const config = {
        ...file.config,
        contexts: { ...file.config.contexts, [name]: entry },
        ...(options.use === true && { current: name }),
      };
      // As it will be read: what would be refused then is refused now, and nothing is written.
      parseConfig(JSON.stringify(config), file.path);
      resolveEntry(entry);
      const use =
        config.current === name ? '' : `; mesozoo context use ${name} makes it the one in use`;
      save(file, config, `${name} is kept${use}`);
    },
  )
    .option('--nats <url>', 'NATS servers, with commas between them')
    .option('--cluster <name>', 'first token of every subject (mz)')
    .option('--user <name>', 'NATS user')
    .option('--password-stdin', "the user's password is read from stdin")
    .option('--token-stdin', 'a token is read from stdin')
    .option('--creds <file>', 'credentials file with a JWT and its seed')
    .option('--tls-ca <file>', 'authority that the servers are checked against')
    .option('--tls-cert <file>', "the client's certificate")
    .option('--tls-key <file>', "the client's key")
    .option('--use', 'makes it the one in use')
    .option('--replace', 'in place of the one of this name');
}

function openFile(command: Command, env: CommandParts['surroundings']['env']): OpenFile {
  const place = configPath(textOf(command, 'config'), env);
  if (place === undefined)
    throw new MesozooError('BAD_ARGUMENT', 'HOME is not set: name a file with --config FILE');
  return { path: place.path, config: readConfigFile(place.path) ?? { contexts: {} } };
}

function textOf(command: Command, name: string): string | undefined {
  return given(command, name) as string | undefined;
}

function checkName(name: string): void {
  const result = contextName.safeParse(name);
  if (result.success) return;
  throw new MesozooError(
    'BAD_ARGUMENT',
    `"${name}" is no name: ${result.error.issues[0]?.message}`,
  );
}

/** Files are kept as whole paths: the next command may run elsewhere. */
function entryOf(command: Command, options: AddOptions, secret: string): ContextEntry {
  const nats = textOf(command, 'nats');
  if (nats === undefined)
    throw new MesozooError('BAD_ARGUMENT', 'give its address, for example --nats nats://a:4222');
  if ((options.user !== undefined) !== (options.passwordStdin === true))
    throw new MesozooError('BAD_ARGUMENT', '--user and --password-stdin belong together');
  if ((options.passwordStdin || options.tokenStdin) && secret === '')
    throw new MesozooError('BAD_ARGUMENT', 'nothing came in on stdin');
  const cluster = textOf(command, 'cluster');
  const servers = nats.split(',').map((each) => each.trim());
  const tls = {
    ...(options.tlsCa !== undefined && { ca: resolve(options.tlsCa) }),
    ...(options.tlsCert !== undefined && { cert: resolve(options.tlsCert) }),
    ...(options.tlsKey !== undefined && { key: resolve(options.tlsKey) }),
  };
  return {
    nats: servers.length === 1 ? nats.trim() : servers,
    ...(cluster !== undefined && { cluster }),
    ...(options.user !== undefined && { user: options.user, password: secret }),
    ...(options.tokenStdin === true && { token: secret }),
    ...(options.creds !== undefined && { creds: resolve(options.creds) }),
    ...(Object.keys(tls).length > 0 && { tls }),
  };
}

/** Throws for addresses that could not be used. */
function resolveEntry(entry: ContextEntry): void {
  readServers([entry.nats].flat().join(','), '--nats');
}

interface ShownEntry {
  readonly name: string;
  readonly nats: string;
  readonly cluster: string;
  readonly credentials: string;
}

function shownEntry(name: string, entry: ContextEntry): ShownEntry {
  const { url, credentials } = readServers([entry.nats].flat().join(','), name);
  const { user, password = '', token, creds } = entry;
  const own: Credentials | undefined =
    user !== undefined
      ? { kind: 'user', user, password }
      : token !== undefined
        ? { kind: 'token', token }
        : creds === undefined
          ? credentials
          : { kind: 'creds', file: creds };
  return { name, nats: url, cluster: entry.cluster ?? 'mz', credentials: credentialsText(own) };
}

function contextTable(rows: readonly (ShownEntry & { readonly current: boolean })[]): string {
  return table(
    [
      { title: '', value: (row) => (row.current ? '*' : '') },
      { title: 'CONTEXT', value: (row) => row.name },
      { title: 'NATS', value: (row) => row.nats },
      { title: 'CLUSTER', value: (row) => row.cluster },
      { title: 'CREDENTIALS', value: (row) => row.credentials },
    ],
    rows,
  );
}

function credentialsText(credentials: Credentials | undefined): string {
  switch (credentials?.kind) {
    case undefined:
      return 'none';
    case 'user':
      return `user ${credentials.user}, password ${MASK}`;
    case 'token':
      return `token ${MASK}`;
    case 'creds':
      return credentials.file;
  }
}

function tlsText(tls: object): string {
  return Object.entries(tls)
    .map(([name, file]) => `${name} ${file}`)
    .join(', ');
}
