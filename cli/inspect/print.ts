/** `mesozoo inspect [ACTOR]`: a line for each event, until Ctrl-C. */
import type { Inspected } from '../../protocol/inspection-api.ts';
import { InspectionListener } from '../../runtime/inspection/listener.ts';
import { type Context, interrupted } from '../context.ts';
import { exitCodeOfSignal } from '../exit-codes.ts';
import { foreignText } from '../foreign-text.ts';
import { InspectionLines } from './lines.ts';

export async function printEvents(
  context: Context,
  wanted: Inspected | undefined,
  full: boolean,
): Promise<number> {
  const { ports, cluster, subjects } = context.connection;
  const lines = new InspectionLines(context.coloured);
  const { kind, id } = wanted ?? {};
  const listener = new InspectionListener({
    ...ports,
    cluster,
    subject:
      kind !== undefined && id !== undefined
        ? subjects.inspect(kind, id)
        : subjects.inspectAll(kind),
    heard: (event) => {
      if (context.json) {
        context.printJson(event, 'line');
        return;
      }
      const line = lines.line(event);
      if (line !== undefined) context.print(`${line}\n`);
    },
    trouble: (message) => {
      if (message !== undefined) context.note(`mesozoo: ${foreignText(message)}`);
    },
  });
  listener.watch([{ kind, id, detail: full ? 'full' : 'list' }]);
  const signal = await interrupted(context);
  listener.end();
  return exitCodeOfSignal(signal);
}
