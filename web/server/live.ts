/** Joins the cluster's events with the pages and receivers that show them. */
import type { RawData, WebSocket } from 'ws';
import type { Clock, Random, Timer, Transport } from '../../actors/actor.ts';
import {
  type InspectionEvent,
  type InspectStartInput,
  readInspected,
} from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';
import { InspectionListener } from '../../runtime/inspection/listener.ts';
import { refusedCode, type Trouble, watchedMax } from '../model/wire.ts';
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

/** Of all pages together: half of what a process holds for everybody. */
const LEASES_MAX = limits.inspectLeases / 2;
const TRY_AGAIN_LATER = 1013;
const TOO_MANY_MESSAGE = `the server follows at most ${LEASES_MAX} actors for all pages together: close some charts`;
/** Whoever has not answered for so long is not there any more: its connection would stay for hours. */
const HEARTBEAT_MS = 15_000;

interface Listener {
  readonly socket: WebSocket;
  readonly feed: Feed;
  /** Of a receiver; a page has none. */
  readonly filter?: StatelyFilter;
  wanted: readonly InspectStartInput[];
  /** What it has been told last. */
  trouble?: Trouble | undefined;
  /** Some of what it wants is not followed. */
  isCut: boolean;
  /** Since it was asked. */
  hasAnswered: boolean;
}

export class Live {
  private readonly options: LiveOptions;
  private readonly inspection: InspectionListener;
  private readonly past = new Past();
  private readonly listeners = new Set<Listener>();
  private trouble: string | undefined;
  private heartbeat: Timer;

  constructor(options: LiveOptions) {
    this.options = options;
    this.inspection = new InspectionListener({
      ...options,
      heard: (event) => this.heard(event),
      trouble: (message) => this.troubled(message),
    });
    this.watchAll();
    this.heartbeat = options.clock.after(HEARTBEAT_MS, () => this.askWhoIsThere());
  }

  addPage(socket: WebSocket): void {
    const listener = newListener(socket, new Feed(socket));
    const { cluster, version, clock } = this.options;
    listener.feed.sendNow({ hello: { cluster, version, nowMs: clock.wallMs() } });
    this.tellTrouble(listener);
    for (const text of this.past.texts()) listener.feed.add(text);
    socket.on('message', (data) => {
      const wanted = readWatch(data);
      if (typeof wanted === 'string') {
        socket.close(refusedCode, wanted);
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
    if (chosen.length > watchedMax || chosen.length < actors.length) {
      socket.close(refusedCode, 'expected ?actor=KIND or ?actor=KIND.ID');
      return;
    }
    const listener: Listener = {
      ...newListener(socket, new Feed(socket, 'single')),
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
    this.heartbeat.cancel();
    for (const { feed } of this.listeners) feed.end();
  }

  private add(socket: WebSocket, listener: Listener): void {
    this.listeners.add(listener);
    // It is closed next, which is all that need be done.
    socket.on('error', () => undefined);
    socket.on('pong', () => {
      listener.hasAnswered = true;
    });
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
    for (const listener of this.listeners) this.tellTrouble(listener);
  }

  /** Where it has changed. */
  private tellTrouble(listener: Listener): void {
    const trouble = this.troubleOf(listener);
    if (listener.filter !== undefined || trouble?.message === listener.trouble?.message) return;
    listener.trouble = trouble;
    listener.feed.sendNow({ trouble: trouble ?? null });
  }

  private troubleOf({ isCut }: Listener): Trouble | undefined {
    if (this.trouble !== undefined) return { message: this.trouble };
    return isCut ? { message: TOO_MANY_MESSAGE, isPartial: true } : undefined;
  }

  /** Who came first is served first. A receiver cannot be told that something is missing: it is sent away. */
  private watchAll(): void {
    const followed = new Map<string, InspectStartInput>();
    for (const listener of this.listeners) {
      listener.isCut = false;
      for (const each of listener.wanted) {
        const key = `${each.kind}.${each.id}`;
        if (followed.has(key) || followed.size < LEASES_MAX) followed.set(key, each);
        else listener.isCut = true;
      }
      this.tellTrouble(listener);
      if (listener.isCut && listener.filter !== undefined)
        listener.socket.close(TRY_AGAIN_LATER, 'too many actors are followed already');
    }
    this.inspection.watch([{ detail: 'list' }, ...followed.values()]);
  }

  private askWhoIsThere(): void {
    this.heartbeat = this.options.clock.after(HEARTBEAT_MS, () => this.askWhoIsThere());
    for (const listener of this.listeners)
      if (listener.hasAnswered) {
        listener.hasAnswered = false;
        listener.socket.ping();
      } else listener.socket.terminate();
  }
}

function newListener(socket: WebSocket, feed: Feed): Listener {
  return { socket, feed, wanted: [], isCut: false, hasAnswered: true };
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
  if (watch.length > watchedMax) return `at most ${watchedMax} actors can be watched`;
  return watch.flatMap((each) => {
    const actor = readInspected(each);
    return actor?.id === undefined ? [] : [{ ...actor, detail: 'full' as const }];
  });
}

function itemText(event: InspectionEvent): string {
  return `{"at":${Number(event.createdAt)},"event":${JSON.stringify(event)}}`;
}
