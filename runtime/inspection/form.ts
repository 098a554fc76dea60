/**
 * Makes of what happens to an actor the messages of `@statelyai/inspect` (see protocol/inspection-api.ts), as JSON
 * bytes that fit a message.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import type { InspectedActor } from '../../actors/inspection.ts';
import type {
  ActorEvent,
  EventEvent,
  InspectedEvent,
  InspectedSnapshot,
  InspectionDetail,
  InspectionEvent,
  SnapshotEvent,
} from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';
import { readable } from './readable.ts';

/** Of the package whose form this is. */
export const STATELY_INSPECT_VERSION = '0.7.2';

/** What an actor was at one moment. */
export interface Moment {
  readonly kind: string;
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly snapshot: AnyMachineSnapshot;
  readonly sinceMs: number;
  readonly atMs: number;
}

export function momentOf(actor: InspectedActor, atMs: number): Moment {
  const { kind, id, machine } = actor;
  return { kind, id, machine, snapshot: actor.snapshot(), sinceMs: actor.sinceMs(), atMs };
}

export class EventForm {
  private readonly process: string;
  private readonly run: string;
  private number = 0;

  /** `run` tells this run of the process from others. */
  constructor(process: string, run: string) {
    this.process = process;
    this.run = run;
  }

  actor(moment: Moment, detail: InspectionDetail, dropped = 0): ActorEvent {
    return {
      type: '@xstate.actor',
      name: moment.id,
      ...this.base(moment),
      parentId: undefined,
      definition: detail === 'full' ? definitionOf(moment.machine) : undefined,
      snapshot: shown(moment, detail),
      ...(dropped > 0 && { dropped }),
    };
  }

  /** In `full` detail, before the snapshot that the event has led to. */
  event(moment: Moment, event: EventObject): EventEvent {
    return {
      type: '@xstate.event',
      ...this.base(moment),
      sourceId: undefined,
      event: readable(event) as InspectedEvent,
      ...delayOf(event),
    };
  }

  snapshot(moment: Moment, event: EventObject, detail: InspectionDetail): SnapshotEvent {
    return {
      type: '@xstate.snapshot',
      ...this.base(moment),
      event: detail === 'full' ? (readable(event) as InspectedEvent) : { type: event.type },
      snapshot: shown(moment, detail),
      ...delayOf(event),
    };
  }

  /** It is not there any more, though its chart has not ended. */
  gone(moment: Moment): SnapshotEvent {
    const { value } = moment.snapshot;
    return {
      type: '@xstate.snapshot',
      ...this.base(moment),
      event: { type: 'xstate.stop' },
      snapshot: { status: 'stopped', value, since: moment.atMs },
    };
  }

  private base({ kind, id, atMs }: Moment) {
    const sessionId = `${kind}.${id}`;
    this.number += 1;
    return {
      sessionId,
      rootId: sessionId,
      createdAt: String(atMs),
      id: `${this.run}-${this.number}`,
      _version: STATELY_INSPECT_VERSION,
      process: this.process,
    };
  }
}

/** At most `bytesMax`: context, output and payload are left out of what would be larger, then the definition. */
export function encodeEvent(event: InspectionEvent, bytesMax: number): Uint8Array {
  const most = Math.min(bytesMax, limits.inspectEventBytes);
  const bytes = Buffer.from(JSON.stringify(event));
  if (bytes.length <= most) return bytes;
  const small = Buffer.from(JSON.stringify(cut(event)));
  if (small.length <= most) return small;
  return Buffer.from(JSON.stringify({ ...cut(event), definition: undefined }));
}

function cut(event: InspectionEvent): InspectionEvent {
  const mark = '(cut: larger than a message)';
  return {
    ...event,
    cut: true,
    ...('snapshot' in event && {
      snapshot: {
        status: event.snapshot.status,
        value: event.snapshot.value,
        since: event.snapshot.since,
        context: mark,
      },
    }),
    ...('event' in event && { event: { type: event.event.type, payload: mark } }),
  } as InspectionEvent;
}

function shown({ snapshot, sinceMs }: Moment, detail: InspectionDetail): InspectedSnapshot {
  const { status, value } = snapshot;
  const since = sinceMs;
  if (detail === 'list') return { status, value, since };
  return {
    status,
    value,
    since,
    context: readable(snapshot.context),
    tags: [...snapshot.tags],
    ...(snapshot.output !== undefined && { output: readable(snapshot.output) }),
  };
}

/** XState's name for an event of a delay is `xstate.after.<delay>.<id of the state>`. */
function delayOf(event: EventObject): { delay: string } | undefined {
  const match = /^xstate\.after\.([^.]+)\./.exec(event.type);
  return match === null ? undefined : { delay: match[1]! };
}

/** Machines with other effects share their configuration. */
const definitions = new WeakMap<object, string>();

export function definitionOf(machine: AnyStateMachine): string {
  const config = machine.config as object;
  let found = definitions.get(config);
  if (found === undefined) {
    found = JSON.stringify(config, (_key, value: unknown) =>
      typeof value === 'function' ? { type: value.name } : value,
    );
    definitions.set(config, found);
  }
  return found;
}
