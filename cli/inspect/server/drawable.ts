/**
 * What is published is a machine's configuration, as its author wrote it: the form that `@statelyai/inspect` has and
 * that XState makes a machine of. A page that draws wants it resolved: targets as ids, transitions as lists. XState
 * does that here, so that the page needs no XState.
 */
import { createMachine } from 'xstate';
import type { InspectionEvent } from '../../../protocol/inspection-api.ts';

/** There are few machines, and very many actors of each. */
const KNOWN_MAX = 64;
const known = new Map<string, string>();

export function drawable(event: InspectionEvent): InspectionEvent {
  if (event.type !== '@xstate.actor' || event.definition === undefined) return event;
  return { ...event, definition: resolved(event.definition) };
}

function resolved(configuration: string): string {
  let found = known.get(configuration);
  if (found === undefined) {
    found = resolve(configuration);
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(configuration, found);
  }
  return found;
}

/** Of another version of the cluster it may be something that this XState does not take: the page then says so. */
function resolve(configuration: string): string {
  try {
    return JSON.stringify(createMachine(JSON.parse(configuration) as object).definition);
  } catch (error) {
    if (error instanceof Error) return JSON.stringify({ unreadable: error.message });
    throw error;
  }
}
