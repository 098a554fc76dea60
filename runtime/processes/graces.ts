/**
 * The grace of whole sessions. A shell dies of SIGTERM at once, while the server that it started may still be saving:
 * a command that was asked to end has ended when nothing of its session is left, or when SIGKILL was sent to it.
 */
import type { ProcessIdentity } from '../../actors/actor.ts';

const LOOK_MS = 50;
/** Of the time: a look at a machine with many processes takes long, and a grace may be an hour. */
const LOOKING_SHARE = 0.1;

interface Waiting {
  readonly identity: ProcessIdentity;
  readonly isEmpty: () => boolean;
  readonly over: () => void;
}

export class Graces {
  private readonly given = new Set<string>();
  private readonly waiting = new Set<Waiting>();
  private readonly look: () => void;
  private timer: NodeJS.Timeout | undefined;

  /** `look` is called before the questions of one round: they may rest upon what it saw. */
  constructor(look: () => void) {
    this.look = look;
  }

  /** SIGTERM was sent. */
  give(identity: ProcessIdentity): void {
    this.given.add(keyOf(identity));
  }

  /** SIGKILL was sent, or it ended by itself. */
  end(identity: ProcessIdentity): void {
    this.given.delete(keyOf(identity));
  }

  /** Its leader has ended. Calls `over` when the session is empty or the grace has ended; false without a grace. */
  await(identity: ProcessIdentity, isEmpty: () => boolean, over: () => void): boolean {
    if (!this.given.has(keyOf(identity))) return false;
    this.waiting.add({ identity, isEmpty, over });
    this.timer ??= setTimeout(() => this.round(), LOOK_MS);
    return true;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.waiting.clear();
  }

  private round(): void {
    const startedMs = performance.now();
    this.look();
    for (const waiting of this.waiting) {
      if (!this.isOver(waiting)) continue;
      this.waiting.delete(waiting);
      waiting.over();
    }
    const tookMs = performance.now() - startedMs;
    this.timer =
      this.waiting.size === 0
        ? undefined
        : setTimeout(() => this.round(), Math.max(LOOK_MS, tookMs / LOOKING_SHARE));
  }

  private isOver({ identity, isEmpty }: Waiting): boolean {
    if (this.given.has(keyOf(identity)) && !isEmpty()) return false;
    this.end(identity);
    return true;
  }
}

function keyOf({ pid, startedAt }: ProcessIdentity): string {
  return `${pid} ${startedAt}`;
}
