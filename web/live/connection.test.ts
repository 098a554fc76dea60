import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Connection, type ConnectionState, connectLive } from './connection.ts';

/** What a browser has, with the other end in our hands. */
class Socket extends EventTarget {
  static readonly OPEN = 1;
  static readonly made: Socket[] = [];
  readyState = 0;
  readonly sent: string[] = [];

  constructor() {
    super();
    Socket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  accept(): void {
    this.readyState = Socket.OPEN;
    this.dispatchEvent(new Event('open'));
  }

  tell(message: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }

  close(code: number, reason = ''): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }
}

let connection: Connection;
let states: ConnectionState[];
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
  Socket.made.length = 0;
  states = [];
  connection = connectLive({
    url: 'ws://localhost/live',
    onState: (state) => states.push(state),
    onMessage: () => undefined,
    watched: () => ['master.m'],
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const last = () => Socket.made.at(-1)!;
/** How long until it is tried again. */
function waitedMs(): number {
  const before = Socket.made.length;
  let ms = 0;
  for (; Socket.made.length === before && ms < 60_000; ms += 50) vi.advanceTimersByTime(50);
  return ms;
}

test('tells at each opening what is watched', () => {
  last().accept();
  expect(last().sent).toEqual(['{"watch":["master.m"]}']);
});

test('waits longer each time, also where the server accepts and closes at once, until it has said something', () => {
  const waits = Array.from({ length: 3 }, () => {
    last().accept();
    last().close(1006);
    return waitedMs();
  });
  expect(waits).toEqual([250, 500, 1000]);
  last().accept();
  last().tell({ hello: {} });
  last().close(1006);
  expect(waitedMs()).toBe(250);
});

test('does not try again by itself what the server has refused, and does when it is told to', () => {
  last().accept();
  last().close(1008, 'at most 64 actors can be watched');
  expect(states.at(-1)).toEqual({ state: 'refused', reason: 'at most 64 actors can be watched' });
  vi.advanceTimersByTime(600_000);
  expect(Socket.made).toHaveLength(1);
  connection.retryNow();
  expect(Socket.made).toHaveLength(2);
});
