/** `mesozoo inspect [KIND[.ID]]`: what the statecharts of a running cluster do, as they do it. */
import { type Command, InvalidArgumentError } from 'commander';
import {
  type ActorKind,
  actorKinds,
  type InspectStartInput,
} from '../../protocol/inspection-api.ts';
import { InspectionListener } from '../../runtime/inspection/listener.ts';
import { interrupted } from '../context.ts';
import { exitCodeOfSignal } from '../exit-codes.ts';
import { InspectionLines } from '../inspection-lines.ts';
import { didYouMean } from '../nearest.ts';
import { addClusterOptions } from '../options.ts';
import { type CommandParts, runWithCluster } from '../run-command.ts';

interface Given {
  readonly full?: boolean;
}

export function addInspect(program: Command, parts: CommandParts): void {
  const command = program
    .command('inspect')
    .description('statecharts as they move: state, event and payload, until Ctrl-C')
    .argument('[actor]', 'only of these: a kind, or kind.id', actorWanted)
    .option(
      '--full',
      'with payloads and contexts, also of many actors (of one they are shown anyway)',
    )
    .addHelpText(
      'after',
      `
Kinds: ${actorKinds.join(', ')}

Examples:
  mesozoo inspect
  mesozoo inspect coordinator
  mesozoo inspect master.master-1 --json`,
    );
  addClusterOptions(command).action(async (wanted: InspectStartInput | undefined) =>
    runWithCluster(parts, command, async (context) => {
      const { ports, cluster, subjects } = context.connection;
      const lines = new InspectionLines(context.coloured);
      const { kind, id } = wanted ?? {};
      const isFull = command.opts<Given>().full === true || id !== undefined;
      const listener = new InspectionListener({
        ...ports,
        cluster,
        subject:
          kind !== undefined && id !== undefined
            ? subjects.inspect(kind, id)
            : subjects.inspectAll(kind),
        heard: (event) => {
          if (context.json) context.printJson(event, 'line');
          else {
            const line = lines.line(event);
            if (line !== undefined) context.print(`${line}\n`);
          }
        },
        trouble: (message) => {
          if (message !== undefined) context.note(`mesozoo: ${message}`);
        },
      });
      listener.watch([{ kind, id, detail: isFull ? 'full' : 'list' }]);
      const signal = await interrupted(context);
      listener.end();
      return exitCodeOfSignal(signal);
    }),
  );
}

function actorWanted(text: string): InspectStartInput {
  const dot = text.indexOf('.');
  const kind = dot < 0 ? text : text.slice(0, dot);
  if (!(actorKinds as readonly string[]).includes(kind))
    throw new InvalidArgumentError(
      `There is no kind "${kind}".${didYouMean(kind, actorKinds)} The kinds are ${actorKinds.join(', ')}.`,
    );
  if (dot < 0) return { kind: kind as ActorKind };
  if (dot === text.length - 1)
    throw new InvalidArgumentError(`Expected an id after the dot, for example ${kind}.1.`);
  return { kind: kind as ActorKind, id: text.slice(dot + 1) };
}
