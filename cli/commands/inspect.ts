/** `mesozoo inspect [KIND[.ID]]`: the statecharts of a running cluster, in the terminal, on a page, or elsewhere. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MesozooError } from '../../protocol/errors.ts';
import { actorKinds, type Inspected, readInspected } from '../../protocol/inspection-api.ts';
import { wholeNumber } from '../arguments.ts';
import { printEvents } from '../inspect/print.ts';
import { serve } from '../inspect/serve.ts';
import { feedStately } from '../inspect/stately.ts';
import { didYouMean } from '../nearest.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';

interface Given {
  readonly full?: true;
  readonly serve?: true;
  readonly port: number;
  readonly host: string;
  readonly open?: true;
  readonly stately?: string;
}

export function addInspect(program: Command, parts: CommandParts): void {
  const command = program
    .command('inspect')
    .description(
      'statecharts as they move, until Ctrl-C: here, on a page, or in Stately’s inspector',
    )
    .argument('[actor]', 'only of these: a kind, or kind.id', actorWanted)
    .option('--full', 'with payloads, also of many actors (of one they are shown anyway)')
    .option('--serve', 'a page that draws the charts')
    .option('--port <n>', 'of the page; 0 takes any that is free', portNumber, 4280)
    .option('--host <address>', 'where the page listens', '127.0.0.1')
    .option('--open', 'opens the page in the browser')
    .addOption(
      new Option(
        '--stately <url>',
        'sends the events to a receiver of @statelyai/inspect',
      ).conflicts('serve'),
    )
    .addHelpText(
      'after',
      `
Kinds: ${actorKinds.join(', ')}

Examples:
  mesozoo inspect
  mesozoo inspect coordinator
  mesozoo inspect master.master-1 --json
  mesozoo inspect --serve --open
  mesozoo inspect --stately ws://localhost:8080`,
    );
  addClusterOptions(command).action(async (wanted: Inspected | undefined) => {
    const given = command.opts<Given>();
    const url = given.stately === undefined ? undefined : receiverUrl(given.stately);
    await runWithCluster(parts, command, (context) => {
      if (url !== undefined) return feedStately(context, url, wanted === undefined ? [] : [wanted]);
      if (given.serve) return serve(context, { ...given, open: given.open === true });
      return printEvents(context, wanted, given.full === true || wanted?.id !== undefined);
    });
  });
}

function actorWanted(text: string): Inspected {
  const wanted = readInspected(text);
  if (wanted !== undefined) return wanted;
  const kind = text.split('.', 1)[0]!;
  if (actorKinds.some((each) => each === kind))
    throw new InvalidArgumentError(`Expected an id after the dot, for example ${kind}.1.`);
  throw new InvalidArgumentError(
    `There is no kind "${kind}".${didYouMean(kind, actorKinds)} The kinds are ${actorKinds.join(', ')}.`,
  );
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port < 0 || port > 65_535) throw new InvalidArgumentError('Expected a port, 0 to 65535.');
  return port;
}

function receiverUrl(text: string): string {
  const protocol = URL.parse(text)?.protocol;
  if (protocol !== 'ws:' && protocol !== 'wss:')
    throw new MesozooError(
      'BAD_ARGUMENT',
      `--stately: expected the address of a WebSocket, for example ws://localhost:8080 (given: ${JSON.stringify(text)})`,
    );
  return text;
}
