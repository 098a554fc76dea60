/** What the page knows and shows. Components read these signals, and change them through the functions below. */
import { computed, effect, signal } from '@preact/signals';
import { type Connection, type ConnectionState, connectLive } from './live/connection.ts';
import { listActors, openAtOnceMax } from './model/actor-list.ts';
import { readAddress, writeAddress } from './model/address.ts';
import { History, type Moment, type Step } from './model/history.ts';
import { MergedSteps, neighbour } from './model/merged-steps.ts';
import { type Hello, type ServerMessage, type Trouble, watchedMax } from './model/wire.ts';

export const history = new History();
/** Grows when the history has; at most once a frame. */
export const version = signal(0);
/** Follows `version` a few times a second: a list that changes faster cannot be read. */
export const listVersion = signal(0);
const listIntervalMs = 120;

export const connection = signal<ConnectionState>({ state: 'connecting' });
export const hello = signal<Hello | undefined>(undefined);
export const trouble = signal<Trouble | undefined>(undefined);
export const dropped = signal(0);

/** The moment that is shown; undefined is now. */
export const moment = signal<Moment | undefined>(undefined);
/** The session ids of the charts that are open. */
export const open = signal<readonly string[]>(readAddress(location.hash));
export const filter = signal('');
/** Where the keyboard stands in the list. */
export const marked = signal<string | undefined>(undefined);
/** The step whose payload is shown. */
export const chosen = signal<Step | undefined>(undefined);
export const helpShown = signal(false);

/** Ticks once a second, for "how long in this state". */
export const second = signal(0);
let clockOffsetMs = 0;
/** By the server's clock, which the steps are in. */
export const serverNow = () => Date.now() + clockOffsetMs;
let lostAt: number | undefined;
/** What "now" means for what is shown: the moment, or when the server was last heard. */
export const shownNow = () => moment.value?.at ?? lostAt ?? serverNow();

export const list = computed(() => {
  listVersion.value;
  return listActors(history, moment.value, filter.value);
});

const merged = new MergedSteps();
/** The steps of the open charts. The array may be the same one after it has grown: read `version` beside it. */
export function openSteps(): readonly Step[] {
  version.value;
  return merged.of(history, open.value);
}

let live: Connection | undefined;

export function start(): void {
  const url = new URL('/live', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  live = connectLive({
    url: url.href,
    onState: (state) => {
      lostAt =
        state.state === 'lost' || state.state === 'refused' ? (lostAt ?? serverNow()) : undefined;
      connection.value = state;
    },
    onMessage: receive,
    watched: () => open.value,
  });
  effect(() => live?.watch(open.value));
  effect(() => {
    const hash = writeAddress(open.value);
    if (hash !== location.hash)
      globalThis.history.replaceState(null, '', hash || location.pathname);
  });
  addEventListener('hashchange', () => {
    open.value = readAddress(location.hash);
  });
  setInterval(() => {
    second.value += 1;
  }, 1000);
}

export const retryNow = () => live?.retryNow();

function receive(message: ServerMessage): void {
  if (Array.isArray(message)) {
    history.add(message);
    for (const { event } of message)
      if (event.type === '@xstate.actor') dropped.value += event.dropped ?? 0;
    announce();
  } else if ('hello' in message) {
    hello.value = message.hello;
    clockOffsetMs = message.hello.nowMs - Date.now();
    history.resume();
  } else if ('trouble' in message) trouble.value = message.trouble ?? undefined;
  else if ('dropped' in message) dropped.value += message.dropped;
}

let frameAsked = false;
let listAsked = false;
function announce(): void {
  if (!listAsked) {
    listAsked = true;
    setTimeout(() => {
      listAsked = false;
      listVersion.value += 1;
    }, listIntervalMs);
  }
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(() => {
    frameAsked = false;
    version.value += 1;
  });
}

// ── Charts ──────────────────────────────────────────────────────────────────────────────────────────────────

export function openAlone(sessionId: string): void {
  open.value = [sessionId];
}

/** Does nothing where as many are open as can be watched. */
export function openBeside(sessionId: string): void {
  if (open.value.includes(sessionId) || open.value.length >= watchedMax) return;
  open.value = [...open.value, sessionId];
}

export function openAll(sessionIds: readonly string[]): void {
  open.value = sessionIds.slice(0, openAtOnceMax);
}

export function close(sessionId: string): void {
  open.value = open.value.filter((other) => other !== sessionId);
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────────────────────

export function goLive(): void {
  moment.value = undefined;
  chosen.value = undefined;
}

export function goTo(step: Step): void {
  moment.value = { at: step.at, number: step.number };
}

export function goToTime(at: number): void {
  moment.value = { at, number: Number.POSITIVE_INFINITY };
}

export function togglePause(): void {
  const last = history.steps.at(-1);
  if (moment.value !== undefined) goLive();
  else if (last !== undefined) goTo(last);
}

/** To the step before or after, among the open charts; without one, among all. After the last one comes the present. */
export function stepBy(direction: -1 | 1): void {
  const steps = open.value.length === 0 ? history.steps : openSteps();
  const step = neighbour(steps, moment.value, direction);
  if (step === undefined) {
    if (direction === 1) goLive();
    return;
  }
  goTo(step);
  if (open.value.length > 0) chosen.value = step;
}
