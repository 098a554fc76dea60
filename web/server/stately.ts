/**
 * The events as Stately's own inspector takes them (`@statelyai/inspect`): one JSON text for each, and of an actor
 * nothing before its beginning with its definition.
 */
import type {
  ActorKind,
  Inspected,
  InspectionEvent,
  InspectStartInput,
} from '../../protocol/inspection-api.ts';

/** Where nothing is said. Of tasks and attempts there may be thousands, each with its chart: they are asked for. */
const usualKinds: readonly ActorKind[] = ['coordinator', 'master', 'agent', 'framework'];

export function statelyWanted(wanted: readonly Inspected[]): readonly InspectStartInput[] {
  const chosen: readonly Inspected[] =
    wanted.length > 0 ? wanted : usualKinds.map((kind) => ({ kind }));
  return chosen.map(({ kind, id }) => ({ kind, id, detail: 'full' as const }));
}

export class StatelyFilter {
  private readonly wanted: readonly InspectStartInput[];
  private readonly begun = new Set<string>();

  constructor(wanted: readonly Inspected[]) {
    this.wanted = statelyWanted(wanted);
  }

  takes(event: InspectionEvent): boolean {
    const { sessionId } = event;
    if (event.type === '@xstate.actor') {
      // Its chart may be known already: then it is only told again.
      if (event.definition === undefined || !this.isWanted(sessionId)) return false;
      this.begun.add(sessionId);
      return true;
    }
    const takes = this.begun.has(sessionId);
    if (event.type === '@xstate.snapshot' && event.snapshot.status === 'stopped')
      this.begun.delete(sessionId);
    return takes;
  }

  private isWanted(sessionId: string): boolean {
    return this.wanted.some(({ kind, id }) =>
      id === undefined ? sessionId.startsWith(`${kind}.`) : sessionId === `${kind}.${id}`,
    );
  }
}
