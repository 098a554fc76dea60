/** `mesozoo up` and `mesozoo down`, for the command line's table of commands. */
import type { Command } from 'commander';
import { detachedReady, detachedWrite, isDetached, startDetached } from './detach.ts';
import { stopCluster } from './down.ts';
import { runExample } from './example.ts';
import { dataDirectoryOf, readUpOptions } from './options.ts';
import { Supervisor } from './supervisor.ts';
import { createTerminal, wantsColour } from './terminal.ts';

export function addClusterCommands(program: Command): void {
  program
    .command('up')
    .description('start a cluster on this machine, run the example, and stay')
    .option('--no-example', 'everything but the example job')
    .option('--data <dir>', 'where everything lies (default: .mesozoo)')
    .option('--coords <n>', 'members of the quorum, at the first start (default: 3)')
    .option('--masters <n>', 'masters, of which one leads (default: 2)')
    .option('--agents <n>', 'agents (default: 3)')
    .option('--port-offset <n>', 'added to every port, for several clusters on one machine')
    .option('--nats <url>', 'use a running NATS server or cluster')
    .option('--zoo-cfg <file>', 'settings for ZooKeeper clients, as ZooKeeper has them')
    .option('--log-level <level>', 'debug, info, warn or error (default: info)')
    .option('--detach', 'come back when the cluster is ready; stop it with "mesozoo down"')
    .addHelpText(
      'after',
      '\nExamples:\n  mesozoo up --no-example\n  mesozoo up --coords 5 --agents 1 --data /var/tmp/five --port-offset 100\n  mesozoo up --detach && mesozoo status',
    )
    .action(async (given: Record<string, unknown>) => {
      const options = readUpOptions(given);
      const data = dataDirectoryOf(options);
      if (options.detach && !isDetached()) process.exit(await startDetached(data));
      // Whoever watched may have gone, terminal and all: the cluster is kept, and stopped in order, all the same.
      for (const stream of [process.stdout, process.stderr])
        stream.removeAllListeners('error').on('error', () => undefined);
      const write = isDetached() ? detachedWrite : (text: string) => process.stdout.write(text);
      const terminal = createTerminal(write, wantsColour(process.stdout));
      process.exit(await new Supervisor(options, data, terminal).run(runExample, detachedReady));
    });
  program
    .command('down')
    .description('stop the cluster of a data directory: agents, masters, coords, NATS')
    .option('--data <dir>', 'where it lies (default: .mesozoo)')
    .addHelpText('after', '\nExamples:\n  mesozoo down\n  mesozoo down --data /var/tmp/five')
    .action(async (given: { data?: string }) => {
      const terminal = createTerminal(
        (text) => process.stdout.write(text),
        wantsColour(process.stdout),
      );
      await stopCluster(dataDirectoryOf(given), terminal);
    });
}
