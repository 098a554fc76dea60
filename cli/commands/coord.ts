/** `mesozoo coord …`: which coords there are, and others in their place while the cluster runs. */
import { type Command, InvalidArgumentError } from 'commander';
import { MesozooError } from '../../protocol/errors.ts';
import type { Context } from '../context.ts';
import { addLocal, addServer, type Changed, removeCoord } from '../coords/change.ts';
import { findLocal, type LocalCluster } from '../coords/local.ts';
import { askCoords, type CoordSeen } from '../coords/members.ts';
import { exitCodes } from '../exit-codes.ts';
import { addClusterOptions, clusterOptionsOf, given } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';
import { table } from '../table.ts';
import { dataDirectoryOf } from '../up/options.ts';

/** A cluster that is just electing answers within it. */
const PATIENCE_MS = 3_000;

export function addCoord(program: Command, parts: CommandParts): void {
  const coord = program
    .command('coord')
    .description('the coords of the cluster; other ones while it runs')
    .addHelpText(
      'after',
      `
A cluster of "mesozoo up" on this machine is found by its data directory: its coords are started and stopped too, and
the next "mesozoo up" starts those that there are by then. Elsewhere the members alone are changed.

Examples:
  mesozoo coord
  mesozoo coord add
  mesozoo coord remove 2
  mesozoo coord add --server "server.4=coord-4:2888:3888;coord-4:2181"`,
    );
  const withOptions = (command: Command) =>
    addClusterOptions(command).option('--data <dir>', 'of the cluster (default: .mesozoo)');
  const run = (
    command: Command,
    act: (context: Context, local: LocalCluster | undefined) => Promise<number>,
  ) => {
    const local = localOf(command, parts);
    const surroundings =
      local === undefined ? parts.surroundings : reaching(parts.surroundings, local.natsUrl);
    return runWithCluster({ ...parts, surroundings }, command, (context) => act(context, local));
  };

  withOptions(coord).action(async () => run(coord, list));
  const add = withOptions(
    coord.command('add').description('starts one more, and makes it a member'),
  )
    .option('--server <server>', 'one that runs already, as ZooKeeper names it: the members alone')
    .option('--observer', 'it learns everything, serves clients, and has no vote')
    .addHelpText(
      'after',
      '\nExamples:\n  mesozoo coord add\n  mesozoo coord add --observer\n  mesozoo coord add --data /var/tmp/five\n' +
        '  mesozoo coord add --server "server.4=coord-4:2888:3888;coord-4:2181"',
    );
  add.action(async ({ server, observer }: { server?: string; observer?: boolean }) =>
    run(add, async (context, local) => {
      if (server !== undefined && observer === true)
        throw new MesozooError(
          'BAD_ARGUMENT',
          '--server says itself what it is: server.N=HOST:PORT:PORT:observer;HOST:PORT',
        );
      if (server !== undefined) return tell(context, await addServer(context, server), 'joined');
      if (local === undefined) throw notHere(add);
      return tell(
        context,
        await addLocal(context, local, observer === true ? 'observer' : 'participant'),
        'joined',
      );
    }),
  );
  const remove = withOptions(
    coord.command('remove').description('takes one out of the members, and stops it'),
  )
    .argument('<coord>', 'its number', coordNumber)
    .addHelpText('after', '\nExamples:\n  mesozoo coord remove 2');
  remove.action(async (number: number) =>
    run(remove, async (context, local) =>
      tell(context, await removeCoord(context, number, local), 'left'),
    ),
  );
}

function localOf(command: Command, { surroundings }: CommandParts): LocalCluster | undefined {
  const data = dataDirectoryOf({ data: givenData(command) });
  return findLocal(data, clusterOptionsOf(command, surroundings.env));
}

function givenData(command: Command): string | undefined {
  return given(command, 'data') as string | undefined;
}

/** The supervisor knows where its NATS is, whatever its ports are. */
function reaching(surroundings: CommandParts['surroundings'], url: string) {
  return {
    ...surroundings,
    connect: (...[address, ...rest]: Parameters<typeof surroundings.connect>) =>
      surroundings.connect({ ...address, url }, ...rest),
  };
}

function notHere(command: Command): MesozooError {
  const { path } = dataDirectoryOf({ data: givenData(command) });
  return new MesozooError(
    'BAD_REQUEST',
    `no supervisor runs from ${path}, so no coord can be started: name its directory with --data DIR, or ` +
      'start the coord yourself and name it with --server "server.N=HOST:2888:3888;HOST:2181"',
  );
}

function coordNumber(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > 255)
    throw new InvalidArgumentError('Expected the number of a coord, from 1 to 255.');
  return Number(text);
}

function tell(context: Context, changed: Changed, what: 'joined' | 'left'): number {
  if (context.json) context.printJson(changed);
  else {
    const members = changed.members.length === 0 ? '' : `; members: ${changed.members.join(', ')}`;
    context.print(`coord ${changed.coord} has ${what}${members}\n`);
  }
  return exitCodes.ok;
}

async function list(context: Context): Promise<number> {
  const { coords, masterLeads } = await askCoords(context.connection, PATIENCE_MS);
  if (context.json) context.printJson(coords);
  else
    context.print(
      table<CoordSeen>(
        [
          { title: 'COORD', value: ({ number }) => number },
          { title: 'ROLE', value: ({ role }) => role },
          { title: 'ZOOKEEPER CLIENTS', value: ({ clients }) => clients },
          { title: 'SLOT', align: 'right', value: ({ slot }) => slot },
          { title: 'BEHIND', align: 'right', value: ({ lag }) => lag },
        ],
        coords,
      ),
    );
  if (!masterLeads) context.note('mesozoo: no master leads at the moment, so roles are not known');
  return exitCodes.ok;
}
