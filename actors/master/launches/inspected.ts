/**
 * The launches of one leadership, for whoever inspects statecharts: those of frameworks elsewhere. What the bundled ones
 * launch is to be seen as their tasks, and on the agents as attempts.
 */
import { launchMachine } from '../../../machines/launch.ts';
import type { AttemptId } from '../../../protocol/ids.ts';
import type { EnteredGroup, InspectedActor, Inspection } from '../../inspection.ts';
import type { LaunchBook } from './book.ts';
import type { LaunchEventType } from './chart.ts';
import type { Launch } from './launch.ts';

export class InspectedLaunches {
  private readonly inspection: Inspection;
  private readonly group: EnteredGroup;

  constructor(inspection: Inspection, book: LaunchBook) {
    this.inspection = inspection;
    this.group = inspection.enterGroup({
      kind: 'launch',
      get size() {
        return [...shown(book)].length;
      },
      *all() {
        for (const launch of shown(book)) yield inspected(launch);
      },
      find(id) {
        const launch = book.get(id as AttemptId);
        return launch && !launch.framework.isBundled ? inspected(launch) : undefined;
      },
    });
  }

  began(launch: Launch): void {
    if (this.inspection.active && !launch.framework.isBundled) this.group.began(inspected(launch));
  }

  changed(launch: Launch, type: LaunchEventType): void {
    if (!this.inspection.active || launch.framework.isBundled) return;
    this.group.changed(inspected(launch), { type });
    if (launch.chart.isFinal) this.group.gone(inspected(launch));
  }

  end(): void {
    this.group.leave();
  }
}

function* shown(book: LaunchBook): Generator<Launch> {
  for (const launch of book.all()) if (!launch.framework.isBundled) yield launch;
}

function inspected(launch: Launch): InspectedActor {
  const { attemptId, chart } = launch;
  return {
    kind: 'launch',
    id: attemptId,
    machine: launchMachine,
    snapshot: () => chart.snapshot,
    sinceMs: () => launch.changedAtMs,
  };
}
