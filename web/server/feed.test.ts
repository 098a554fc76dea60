import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { Feed } from './feed.ts';

/** A socket that takes nothing while it is slow. */
class Socket {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: string[] = [];

  send(text: string): void {
    this.sent.push(text);
  }
}

let socket: Socket;
const feedOf = (
  ...rest: ConstructorParameters<typeof Feed> extends [unknown, ...infer Rest] ? Rest : never
) => new Feed(socket as unknown as WebSocket, ...rest);

beforeEach(() => {
  vi.useFakeTimers();
  socket = new Socket();
});
afterEach(() => void vi.useRealTimers());

describe('a feed', () => {
  it('gathers what comes within a frame or two into one message', () => {
    const feed = feedOf();
    feed.add('1');
    feed.add('2');
    expect(socket.sent).toEqual([]);
    vi.advanceTimersByTime(50);
    feed.add('3');
    vi.advanceTimersByTime(50);
    expect(socket.sent).toEqual(['[1,2]', '[3]']);
  });

  it('cuts what is much into several messages', () => {
    const feed = feedOf();
    const text = JSON.stringify('x'.repeat(200_000));
    for (let each = 0; each < 6; each += 1) feed.add(text);
    vi.advanceTimersByTime(50);
    expect(socket.sent.map((message) => (JSON.parse(message) as []).length)).toEqual([3, 3]);
  });

  it('for one that is too slow drops the oldest, and says how many', () => {
    const feed = feedOf('array', { events: 3, bytes: 1e9 });
    socket.bufferedAmount = 1e9;
    for (let each = 1; each <= 5; each += 1) feed.add(String(each));
    vi.advanceTimersByTime(500);
    expect(socket.sent).toEqual([]);
    socket.bufferedAmount = 0;
    vi.advanceTimersByTime(50);
    expect(socket.sent).toEqual(['{"dropped":2}', '[3,4,5]']);
  });

  it('is bounded in bytes too', () => {
    const feed = feedOf('array', { events: 1e9, bytes: 8 });
    for (let each = 0; each < 5; each += 1) feed.add('"abc"');
    vi.advanceTimersByTime(50);
    expect(socket.sent).toEqual(['{"dropped":4}', '["abc"]']);
  });

  it('of single events has each for itself', () => {
    const feed = feedOf('single');
    feed.add('1');
    feed.add('2');
    vi.advanceTimersByTime(50);
    expect(socket.sent).toEqual(['1', '2']);
  });

  it('sends nothing when it has ended, nor to a socket that is closed', () => {
    const feed = feedOf();
    feed.add('1');
    feed.end();
    vi.advanceTimersByTime(500);
    const other = feedOf();
    other.add('1');
    socket.readyState = 3;
    vi.advanceTimersByTime(500);
    expect(socket.sent).toEqual([]);
  });
});
