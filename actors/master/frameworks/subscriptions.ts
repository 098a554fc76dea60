/**
 * The latest subscriptions over NATS, by their inboxes. Every SUBSCRIBE names an inbox of its own: one whose inbox is
 * known is the repeat of a message, and must not take the framework away from whoever has subscribed since. Nor must one
 * that comes late, from a connection that its instance has given up: the instance would be told that it is failed over.
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
  /** By inbox without its last token: the greatest number that this one had. */
  private readonly attempts = new Map<string, number>();

  find(inbox: string): Subscription | undefined {
    return this.byInbox.get(inbox);
  }

  /** The same instance has subscribed since: it has given this one up, and listens no more. */
  isOvertaken(inbox: string): boolean {
    const { instance, attempt } = parse(inbox);
    return attempt < (this.attempts.get(instance) ?? 0);
  }

  add(inbox: string, subscription: Subscription): void {
    this.byInbox.set(inbox, subscription);
    const { instance, attempt } = parse(inbox);
    this.attempts.delete(instance);
    this.attempts.set(instance, attempt);
    forgetOldest(this.byInbox);
    forgetOldest(this.attempts);
  }
}

/** Whoever does not count has an attempt of 0, which nothing overtakes. */
function parse(inbox: string): { readonly instance: string; readonly attempt: number } {
  const [, instance, attempt] = /^(.*)\.(\d{1,15})$/.exec(inbox) ?? [];
  return instance === undefined
    ? { instance: inbox, attempt: 0 }
    : { instance, attempt: Number(attempt) };
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED_MAX) break;
    map.delete(oldest);
  }
}
