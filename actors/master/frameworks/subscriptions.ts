/**
 * The latest subscriptions over NATS, by their inboxes. Every SUBSCRIBE names an inbox of its own: one whose inbox is
 * known is the repeat of a message, and must not take the framework away from whoever has subscribed since.
 */
import type { Framework } from './framework.ts';
import type { EventStream } from './streams.ts';

export interface Subscription {
  readonly framework: Framework;
  readonly stream: EventStream;
}

/** A repeat comes soon, or not at all. */
const REMEMBERED_MAX = 1000;

export class Subscriptions {
  private readonly byInbox = new Map<string, Subscription>();

  find(inbox: string): Subscription | undefined {
    return this.byInbox.get(inbox);
  }

  add(inbox: string, subscription: Subscription): void {
    this.byInbox.set(inbox, subscription);
    for (const oldest of this.byInbox.keys()) {
      if (this.byInbox.size <= REMEMBERED_MAX) break;
      this.byInbox.delete(oldest);
    }
  }
}
