/**
 * The watches of one session, and who follows nodes by them: fires events in their order, and looks for what was
 * missed while no member held the session, or when the holder says that an event was lost.
 */
import type { MesozooError } from '../../../protocol/errors.ts';
import type { Answer, CoordClient } from './contract.ts';
import type { Follower } from './follow.ts';
import type { NodeEvent } from './read-lane.ts';
import type { TellingOrder } from './telling-order.ts';
import { missedEvent, type Watch, Watches, type WatchKind, watchOf } from './watches.ts';

type EventHandler = Parameters<CoordClient['onEvent']>[0];

export interface WatchKeeperOptions {
  readonly tell: TellingOrder;
  /** False once the session has ended. */
  readonly isAttached: () => boolean;
  /** Before other requests, for as long as the session lives. */
  readonly readUrgently: (
    kind: WatchKind,
    request: { path: string; watch: boolean },
    done: (answer: Answer<Record<string, unknown>>) => void,
  ) => void;
}

export class WatchKeeper {
  private readonly options: WatchKeeperOptions;
  private readonly handlers: EventHandler[] = [];
  private readonly followers = new Set<Follower>();
  private readonly watches = new Watches();
  private zxidSeen = 0;
  /** Looks for missed events so far. */
  looks = 0;

  constructor(options: WatchKeeperOptions) {
    this.options = options;
  }

  get size(): number {
    return this.watches.size;
  }

  onEvent(handler: EventHandler): void {
    this.handlers.push(handler);
  }

  follow(follower: Follower): { stop(): void } {
    this.followers.add(follower);
    return {
      stop: () => {
        follower.stop();
        this.followers.delete(follower);
      },
    };
  }

  /**
   * A read was answered; `settle` tells its asker. `overtakenBy` are events that came before the answer but follow it,
   * `looks` is how many looks there had been when it was asked to be told.
   */
  settleRead(
    watch: Watch | undefined,
    settle: () => void,
    overtakenBy: readonly NodeEvent[],
    looks: number,
  ): void {
    if (watch !== undefined) this.watches.set(watch);
    settle();
    for (const event of overtakenBy) this.fire(event);
    // While the answer was held back, a look for missed events did not know of this watch.
    if (watch !== undefined && looks !== this.looks && this.watches.has(watch))
      this.lookAgain(watch);
  }

  receive(event: NodeEvent): void {
    this.options.tell.after(() => this.fire(event));
    for (const follower of [...this.followers]) follower.receive(event);
  }

  /** Sets every watch again with a new read, and fires those whose node has changed since. */
  lookForMissedEvents(): void {
    this.looks += 1;
    for (const watch of this.watches.all()) this.lookAgain(watch);
    this.refreshFollowers();
  }

  refreshFollowers(): void {
    for (const follower of [...this.followers]) follower.refresh();
  }

  clear(): void {
    this.watches.clear();
  }

  tellFollowersExpired(error: MesozooError): void {
    for (const follower of [...this.followers]) follower.expired(error);
  }

  private fire(event: NodeEvent): void {
    this.zxidSeen = Math.max(this.zxidSeen, event.zxid);
    const { fired, late } = this.watches.fire(event);
    for (const watch of late) this.lookAgain(watch);
    if (!fired) return;
    const { event: type, path, zxid } = event;
    for (const handler of this.handlers) handler({ type, path, zxid: zxid as never });
  }

  private lookAgain(watch: Watch): void {
    if (!this.options.isAttached()) return;
    const { kind, path } = watch;
    const request = { path, watch: true, ...(kind === 'children' && { limit: 1 }) };
    const looked = this.options.tell.hold();
    this.options.readUrgently(kind, request, (answer) => {
      if (this.watches.has(watch)) this.compare(watch, answer); // else it fired meanwhile
      looked();
    });
  }

  private compare(watch: Watch, answer: Answer<Record<string, unknown>>): void {
    const { kind, path } = watch;
    const missed = missedEvent(watch, answer);
    const found = watchOf(kind, path, answer);
    if (missed === undefined) {
      if (found !== undefined) this.watches.set(found);
      return;
    }
    const zxid = Math.max(watch.zxid + 1, found?.zxid ?? this.zxidSeen);
    this.fire({ event: missed, path, zxid, sessionId: '' });
  }
}
