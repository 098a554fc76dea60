/**
 * What travels between the page and its server on `/live`: JSON text. First `hello`, then the remembered past and what
 * happens now, in arrays of items. Events have the form of `@statelyai/inspect`; of an actor that nobody watches come
 * only its state and since when.
 */

export type StateValue = string | { readonly [child: string]: StateValue | undefined };

export interface InspectedSnapshot {
  readonly value?: StateValue;
  readonly context?: unknown;
  readonly status?: string;
  readonly tags?: readonly string[];
  readonly output?: unknown;
  readonly error?: unknown;
  /** Wall clock: when the actor entered this state, where the server knows it. */
  readonly since?: number;
}

export interface EventObject {
  readonly type: string;
  readonly [field: string]: unknown;
}

export type InspectionEvent =
  | (EventBase & {
      readonly type: '@xstate.actor';
      readonly name?: string;
      /** The machine's configuration as JSON; absent while nobody watches. */
      readonly definition?: string;
      readonly snapshot?: InspectedSnapshot;
      /** So many events of this actor's process were lost before. */
      readonly dropped?: number;
    })
  | (EventBase & {
      readonly type: '@xstate.event';
      readonly sourceId?: string;
      readonly event: EventObject;
    })
  | (EventBase & {
      readonly type: '@xstate.snapshot';
      readonly snapshot: InspectedSnapshot;
      readonly event?: EventObject;
    });

interface EventBase {
  /** `<kind>.<id>` */
  readonly sessionId: string;
  /** `<run>-<number>`, growing within a run of a process. */
  readonly id?: string;
  /** The process that told of it. */
  readonly process?: string;
}

export interface LiveItem {
  /** Wall clock. */
  readonly at: number;
  readonly event: InspectionEvent;
}

export interface Hello {
  readonly cluster: string;
  readonly version: string;
  readonly nowMs: number;
}

export interface Trouble {
  readonly message: string;
  /** The cluster is heard, though not all that the page has asked for. */
  readonly isPartial?: true;
}

export type ServerMessage =
  | { readonly hello: Hello }
  | { readonly trouble: Trouble | null }
  | { readonly dropped: number }
  | readonly LiveItem[];

/** Charts that one page may have open: each is a lease that the server holds. */
export const watchedMax = 64;
/** The code of a close after which the same would only happen again. */
export const refusedCode = 1008;

export interface WatchRequest {
  /** Session ids of the actors whose charts are open. */
  readonly watch: readonly string[];
}
