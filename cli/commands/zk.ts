/** `mesozoo zk …`: the tree, as ZooKeeper's own command line shows it. */

import type { Command } from 'commander';
import { dataForJson } from '../../protocol/codec.ts';
import { MesozooError } from '../../protocol/errors.ts';
import type {
  StatBody,
  ZnodeReplies,
  ZnodeRequest,
  ZnodeRequestName,
} from '../../protocol/znode-api.ts';
import { wholeNumber } from '../arguments.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { pairs } from '../table.ts';
import { bytesOf } from '../task-stream.ts';
import { aclText, readAcl } from '../znode-acl.ts';
import { holdEphemeral, watchPath } from './zk-session.ts';

export interface ZkOptions {
  readonly auth?: string;
}

export function addZk(program: Command, parts: CommandParts): void {
  const zk = program
    .command('zk')
    .description('look into the znode tree and change it')
    .addHelpText(
      'after',
      `
DATA of "-" is read from stdin. With --auth user:password the requests carry that identity.

Examples:
  mesozoo zk ls /
  mesozoo zk create -p /config/colour green
  mesozoo zk get /config/colour
  mesozoo zk set -v 0 /config/colour blue       only if the version is still 0
  mesozoo zk create -p -e -s /services/web/ 10.0.0.7:80
  mesozoo zk watch /config/colour`,
    );
  addClusterOptions(zk);
  /** One subcommand: `run` is called with a connection. */
  const add = (
    usage: string,
    description: string,
    examples: readonly string[],
    set: (command: Command) => Command,
    run: (
      context: Context,
      options: ZkOptions & Record<string, unknown>,
      ...args: string[]
    ) => Promise<number>,
  ) => {
    const command = set(zk.command(usage).description(description));
    addClusterOptions(command)
      .option('--auth <user:password>', 'identity of the scheme digest')
      .addHelpText(
        'after',
        `\nExamples:\n${examples.map((line) => `  mesozoo zk ${line}`).join('\n')}`,
      )
      .action(async (...given: unknown[]) => {
        const options = command.opts<ZkOptions & Record<string, unknown>>();
        const args = given.slice(0, command.registeredArguments.length) as string[];
        await runWithCluster(parts, command, (context) => run(context, options, ...args));
      });
  };

  add(
    'ls',
    'names of the children',
    ['ls /', 'ls /mesozoo/agents --json'],
    (command) => withPath(command, '/'),
    list,
  );
  add(
    'get',
    'the data',
    ['get /config/colour', 'get --auth me:secret /private'],
    (command) => withPath(command),
    get,
  );
  add('stat', 'the Stat', ['stat /mesos'], (command) => withPath(command), stat);
  add(
    'set',
    'replaces the data',
    ['set /config/colour blue', 'set -v 3 /config/colour blue', 'set /config/page - < page.html'],
    (command) => withVersion(withPath(command)).argument('<data>', 'text, or "-" for stdin'),
    set,
  );
  add(
    'create',
    'creates a znode, and prints its path',
    [
      'create -p /config/colour green',
      'create -s /queue/item- first',
      'create -p -e /services/web/1 10.0.0.7:80',
    ],
    (command) =>
      withPath(command)
        .argument('[data]', 'text, or "-" for stdin')
        .option('-e, --ephemeral', 'in a session that is held until Ctrl-C')
        .option('-s, --sequential', 'ten digits of a counter are appended to the path')
        .option('-p, --parents', 'those that are missing are created too'),
    create,
  );
  add(
    'delete',
    'deletes a znode without children',
    ['delete /config/colour', 'delete -v 3 /config/colour', 'delete -r /config'],
    (command) =>
      withVersion(withPath(command)).option('-r, --recursive', 'its children too, each on its own'),
    remove,
  );
  add(
    'watch',
    'tells of every change, until Ctrl-C',
    ['watch /config/colour', 'watch /mesos --json'],
    (command) => withPath(command),
    watchPath,
  );
  add(
    'acl',
    'shows the access control list, or replaces it',
    ['acl /config', 'acl /private auth:me:secret:cdrwa world:anyone:r'],
    (command) =>
      withVersion(withPath(command)).argument('[acl...]', 'scheme:id:permissions (cdrwa)'),
    acl,
  );
}

function withPath(command: Command, byDefault?: string): Command {
  return byDefault === undefined
    ? command.argument('<path>', 'begins with "/"')
    : command.argument('[path]', 'begins with "/"', byDefault);
}

function withVersion(command: Command): Command {
  return command.option('-v, --version <number>', 'only if it has this version', wholeNumber);
}

/** For one call, without a session. */
export function askZnode<Name extends ZnodeRequestName>(
  context: Context,
  options: ZkOptions,
  name: Name,
  request: ZnodeRequest<Name>,
): Promise<ZnodeReplies[Name]> {
  const auth =
    options.auth === undefined ? {} : { auth: [{ scheme: 'digest' as const, auth: options.auth }] };
  const isRead = ['get', 'exists', 'children', 'acl.get', 'sync'].includes(name);
  const { connection } = context;
  return connection
    .ask<ZnodeReplies[Name]>(
      connection.subjects.znode(name),
      { ...request, ...auth },
      { repeatable: isRead },
    )
    .catch((error: unknown) => {
      throw namingThePath(error, (request as { path?: string }).path);
    });
}

/** "the znode does not exist" does not say which. */
function namingThePath(error: unknown, path: string | undefined): unknown {
  if (!(error instanceof MesozooError) || path === undefined || error.message.includes(path))
    return error;
  return new MesozooError(error.code, `${path}: ${error.message}`, { cause: error });
}

async function list(context: Context, options: ZkOptions, path = '/'): Promise<number> {
  const names = await childrenOf(context, options, path);
  if (context.json) context.printJson(names);
  else for (const name of names) context.print(`${name}\n`);
  return exitCodes.ok;
}

async function childrenOf(context: Context, options: ZkOptions, path: string): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const after = names.at(-1);
    const page = await askZnode(context, options, 'children', {
      path,
      ...(after !== undefined && { after }),
    });
    names.push(...page.children);
    if (!page.more || page.children.length === 0) return names;
  }
}

async function get(context: Context, options: ZkOptions, path = ''): Promise<number> {
  const reply = await askZnode(context, options, 'get', { path });
  const data = bytesOf(reply);
  if (context.json) context.printJson({ path, ...dataForJson(data), stat: reply.stat });
  else {
    context.print(data);
    if (context.stdout.isTTY === true && data.length > 0 && data.at(-1) !== 0x0a)
      context.print('\n');
  }
  return exitCodes.ok;
}

async function stat(context: Context, options: ZkOptions, path = ''): Promise<number> {
  const { exists, stat: found } = await askZnode(context, options, 'exists', { path });
  if (!exists || found === undefined) {
    context.note(`mesozoo: ${path} does not exist`);
    return exitCodes.failed;
  }
  if (context.json) context.printJson(found);
  else context.print(statText(found));
  return exitCodes.ok;
}

/** The names that ZooKeeper's command line uses. */
export function statText(found: StatBody): string {
  return pairs([
    ['cZxid', String(found.czxid)],
    ['ctime', new Date(found.ctimeMs).toISOString()],
    ['mZxid', String(found.mzxid)],
    ['mtime', new Date(found.mtimeMs).toISOString()],
    ['pZxid', String(found.pzxid)],
    ['cversion', String(found.cversion)],
    ['dataVersion', String(found.version)],
    ['aclVersion', String(found.aversion)],
    ['ephemeralOwner', found.ephemeralOwner === '' ? '-' : found.ephemeralOwner],
    ['dataLength', String(found.dataLength)],
    ['numChildren', String(found.numChildren)],
  ]);
}

async function set(
  context: Context,
  options: ZkOptions & { version?: number },
  path = '',
  data = '',
): Promise<number> {
  const reply = await askZnode(context, options, 'set', {
    path,
    data: await dataOf(context, data),
    version: options.version ?? -1,
  });
  if (context.json) context.printJson(reply);
  return exitCodes.ok;
}

async function create(
  context: Context,
  options: ZkOptions & { ephemeral?: boolean; sequential?: boolean; parents?: boolean },
  path = '',
  data?: string,
): Promise<number> {
  if (options.parents === true) await createParents(context, options, path);
  const request = {
    path,
    data: await dataOf(context, data ?? ''),
    sequential: options.sequential === true,
  };
  if (options.ephemeral === true) return holdEphemeral(context, options, request);
  const reply = await askZnode(context, options, 'create', request);
  if (context.json) context.printJson(reply);
  else context.print(`${reply.path}\n`);
  return exitCodes.ok;
}

async function createParents(context: Context, options: ZkOptions, path: string): Promise<void> {
  const names = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= names.length; depth++) {
    const parent = `/${names.slice(0, depth).join('/')}`;
    const { exists } = await askZnode(context, options, 'exists', { path: parent });
    if (exists) continue;
    try {
      await askZnode(context, options, 'create', { path: parent });
    } catch (error) {
      // Somebody else was faster: what was wanted is there.
      if (!(error instanceof MesozooError) || error.code !== 'NODE_EXISTS') throw error;
    }
  }
}

async function remove(
  context: Context,
  options: ZkOptions & { version?: number; recursive?: boolean },
  path = '',
): Promise<number> {
  if (options.recursive === true)
    for (const name of await childrenOf(context, options, path))
      await remove(context, { ...options, version: -1 }, `${path === '/' ? '' : path}/${name}`);
  await askZnode(context, options, 'delete', { path, version: options.version ?? -1 });
  return exitCodes.ok;
}

async function acl(
  context: Context,
  options: ZkOptions & { version?: number },
  path = '',
  words: unknown = [],
): Promise<number> {
  const entries = words as readonly string[];
  if (entries.length > 0) {
    await askZnode(context, options, 'acl.set', {
      path,
      acl: entries.map(readAcl),
      version: options.version ?? -1,
    });
    return exitCodes.ok;
  }
  const reply = await askZnode(context, options, 'acl.get', { path });
  if (context.json) context.printJson(reply);
  else for (const entry of reply.acl) context.print(`${aclText(entry)}\n`);
  return exitCodes.ok;
}

export async function dataOf(context: Context, data: string): Promise<Uint8Array> {
  return data === '-' ? context.readStdin() : Buffer.from(data);
}
