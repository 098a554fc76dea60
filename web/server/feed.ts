/**
 * What one listener on a WebSocket is sent: gathered for a frame, and no quicker than it takes it. For one that is too
 * slow the oldest events are thrown away, and it is told how many.
 */
import type { WebSocket } from 'ws';

export interface FeedBounds {
  readonly events: number;
  readonly bytes: number;
}
/** More than the past has, which each begins with. */
export const feedBounds: FeedBounds = { events: 150_000, bytes: 96 * 1024 * 1024 };

const BATCH_MS = 30;
const MESSAGE_BYTES = 512 * 1024;
/** So much may be on its way to the socket: beyond it nothing more is given to it until it has left. */
const UNDERWAY_BYTES = 4 * 1024 * 1024;

/** How the events of one message are put together. */
export type Framing = 'array' | 'single';

export class Feed {
  private readonly socket: WebSocket;
  private readonly framing: Framing;
  private readonly bounds: FeedBounds;
  private queue: string[] = [];
  private next = 0;
  private bytes = 0;
  private dropped = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, framing: Framing = 'array', bounds: FeedBounds = feedBounds) {
    this.socket = socket;
    this.framing = framing;
    this.bounds = bounds;
  }

  /** At once, before what waits. */
  sendNow(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  add(text: string): void {
    this.queue.push(text);
    this.bytes += text.length;
    while (this.queue.length - this.next > this.bounds.events || this.bytes > this.bounds.bytes) {
      this.take();
      this.dropped += 1;
    }
    this.timer ??= setTimeout(() => this.send(), BATCH_MS);
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private send(): void {
    this.timer = undefined;
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return;
    if (this.dropped > 0 && socket.bufferedAmount < UNDERWAY_BYTES) {
      if (this.framing === 'array') this.sendNow({ dropped: this.dropped });
      this.dropped = 0;
    }
    while (this.next < this.queue.length && socket.bufferedAmount < UNDERWAY_BYTES)
      if (this.framing === 'single') socket.send(this.take());
      else socket.send(`[${this.takeSome().join(',')}]`);
    if (this.next < this.queue.length) this.timer = setTimeout(() => this.send(), BATCH_MS);
  }

  private takeSome(): string[] {
    const texts: string[] = [];
    for (let bytes = 0; bytes < MESSAGE_BYTES && this.next < this.queue.length; ) {
      const text = this.take();
      bytes += text.length;
      texts.push(text);
    }
    return texts;
  }

  private take(): string {
    const text = this.queue[this.next]!;
    this.next += 1;
    this.bytes -= text.length;
    if (this.next > this.queue.length / 2) {
      this.queue = this.queue.slice(this.next);
      this.next = 0;
    }
    return text;
  }
}
