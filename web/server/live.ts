/** Joins the cluster's events with the pages and receivers that show them. */
import type { RawData, WebSocket } from 'ws';
import type { Clock, Random, Transport } from '../../actors/actor.ts';
import {
  type InspectionEvent,
  type InspectStartInput,
  readInspected,
} from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';
import { InspectionListener } from '../../runtime/inspection/listener.ts';
import { Feed } from './feed.ts';
import { Past } from './past.ts';
import { StatelyFilter, statelyWanted } from './stately.ts';

export interface LiveOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly cluster: string;
  readonly version: string;
}

/** Charts that one page may have open; each is a lease. */
export const WATCHED_MAX = 64;
/** Of all pages together: half of what a process holds for everybody. */
const LEASES_MAX = limits.inspectLeases / 2;
const POLICY_VIOLATION = 1008;

interface Listener {
  readonly feed: Feed;
  readonly filter?: StatelyFilter;
  wanted: readonly InspectStartInput[];
}

export class Live {
  private readonly options: LiveOptions;
  private readonly inspection: InspectionListener;
  private readonly past = new Past();
  private readonly listeners = new Set<Listener>();
  private trouble: string | undefined;

  constructor(options: LiveOptions) {
    this.options = options;
    this.inspection = new InspectionListener({
      ...options,
      heard: (event) => this.heard(event),
      trouble: (message) => this.troubled(message),
    });
    this.watchAll();
  }

  addPage(socket: WebSocket): void {
    const listener: Listener = { feed: new Feed(socket), wanted: [] };
    const { cluster, version, clock } = this.options;
    listener.feed.sendNow({ hello: { cluster, version, nowMs: clock.wallMs() } });
    if (this.trouble !== undefined) listener.feed.sendNow(troubleText(this.trouble));
    for (const text of this.past.texts()) listener.feed.add(text);
    socket.on('message', (data) => {
      const wanted = readWatch(data);
      if (typeof wanted === 'string') {
        socket.close(POLICY_VIOLATION, wanted);
        return;
      }
      listener.wanted = wanted;
      this.watchAll();
    });
    this.add(socket, listener);
  }

  /** `actors`: `kind` or `kind.id`. */
  addReceiver(socket: WebSocket, actors: readonly string[]): void {
    const chosen = actors.map(readInspected).filter((each) => each !== undefined);
    if (chosen.length > WATCHED_MAX || chosen.length < actors.length) {
      socket.close(POLICY_VIOLATION, 'expected ?actor=KIND or ?actor=KIND.ID');
      return;
    }
    const listener: Listener = {
      feed: new Feed(socket, 'single'),
      filter: new StatelyFilter(chosen),
      wanted: statelyWanted(chosen),
    };
    this.add(socket, listener);
    this.watchAll();
    // Another one may have the same leases already: this one has not heard the beginnings.
    this.inspection.beginAnew(listener.wanted);
  }

  end(): void {
    this.inspection.end();
    for (const { feed } of this.listeners) feed.end();
  }

  private add(socket: WebSocket, listener: Listener): void {
    this.listeners.add(listener);
    // It is closed next, which is all that need be done.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      listener.feed.end();
      this.listeners.delete(listener);
      this.watchAll();
    });
  }

  private heard(event: InspectionEvent): void {
    const text = itemText(event);
    this.past.add(event, text);
    for (const { feed, filter } of this.listeners)
      if (filter === undefined) feed.add(text);
      else if (filter.takes(event)) feed.add(JSON.stringify(event));
  }

  private troubled(message: string | undefined): void {
    this.trouble = message;
    for (const { feed, filter } of this.listeners)
      if (filter === undefined) feed.sendNow(troubleText(message));
  }

  private watchAll(): void {
    const wanted = new Map<string, InspectStartInput>();
    for (const listener of this.listeners)
      for (const each of listener.wanted) wanted.set(`${each.kind}.${each.id}`, each);
    this.inspection.watch([{ detail: 'list' }, ...[...wanted.values()].slice(0, LEASES_MAX)]);
  }
}

function troubleText(message: string | undefined): object {
  return { trouble: message === undefined ? null : { message } };
}

/** Or what is wrong with it. Actors of kinds that do not exist are not there to be watched. */
function readWatch(data: RawData): readonly InspectStartInput[] | string {
  let message: unknown;
  try {
    message = JSON.parse(String(data));
  } catch (error) {
    if (error instanceof SyntaxError) return 'a message is JSON';
    throw error;
  }
  const watch = (message as { watch?: unknown } | null)?.watch;
  if (!Array.isArray(watch) || !watch.every((each) => typeof each === 'string'))
    return 'expected {"watch": ["kind.id", …]}';
  if (watch.length > WATCHED_MAX) return `at most ${WATCHED_MAX} actors can be watched`;
  return watch.flatMap((each) => {
    const actor = readInspected(each);
    return actor?.id === undefined ? [] : [{ ...actor, detail: 'full' as const }];
  });
}

function itemText(event: InspectionEvent): string {
  return `{"at":${Number(event.createdAt)},"event":${JSON.stringify(event)}}`;
}
