/**
 * Barrier: a znode that everybody waits for to go (kazoo's Barrier, Curator's DistributedBarrier). Double barrier: a number
 * of programs begin together and end together (ZooKeeper's recipe): ephemeral members under a path, and `ready` beside
 * them while it is passed.
 */
import { MesozooError } from '../../../../protocol/errors.ts';
import {
  childrenOf,
  createEphemeral,
  ensure,
  insist,
  type RecipeParts,
  remove,
  sessionClosed,
} from './parts.ts';

type Done = (error: MesozooError | undefined) => void;

export class Barrier {
  private readonly parts: RecipeParts;
  private readonly path: string;

  constructor(parts: RecipeParts, path: string) {
    this.parts = parts;
    this.path = path;
  }

  /** Closes it; one that is closed already is no failure. It stays until `lift`, whoever dies. */
  raise(done: Done): void {
    ensure(this.parts, this.path, done);
  }

  lift(done: () => void): void {
    remove(this.parts, this.path, done);
  }

  /** `passed` once it is not there, unless stopped before. */
  wait(passed: () => void): { stop(): void } {
    const following = this.parts.client.follow('exists', this.path, (answer) => {
      if (!answer.ok || answer.value.kind !== 'exists' || answer.value.exists) return;
      following.stop();
      passed();
    });
    return following;
  }
}

const READY = 'ready';

/** One member, for one passing: enter, then leave. */
export class DoubleBarrier {
  private readonly parts: RecipeParts;
  private readonly options: DoubleBarrierOptions;
  private following: { stop(): void } | undefined;
  private states: { stop(): void } | undefined;
  /** Of the entering or leaving that is under way. */
  private done: Done | undefined;

  constructor(parts: RecipeParts, options: DoubleBarrierOptions) {
    this.parts = parts;
    this.options = options;
  }

  /** `done` when as many as `members` have entered; with an error when the session ended before. */
  enter(done: Done): void {
    this.begin(done);
    this.createOwn();
  }

  /** `done` when all that had entered have left, or died. */
  leave(done: Done): void {
    this.begin(done);
    this.leaveOrWait();
  }

  private get own(): string {
    return `${this.options.path}/${this.options.member}`;
  }

  private get ready(): string {
    return `${this.options.path}/${READY}`;
  }

  private begin(done: Done): void {
    if (this.done !== undefined)
      throw new MesozooError('BAD_ARGUMENT', 'the member is still on its way');
    this.done = done;
    this.states = this.parts.client.onState((state) => {
      if (state === 'expired') this.settle(new MesozooError('SESSION_EXPIRED'));
      if (state === 'closed') this.settle(sessionClosed());
    });
  }

  private createOwn(): void {
    createEphemeral(this.parts, this.own, '', (answer) => {
      if (this.done === undefined) return;
      if (answer.ok) this.waitForOthers();
      else this.settle(answer.error);
    });
  }

  private waitForOthers(): void {
    // Followed before the members are counted, so that no readiness is missed.
    this.follow(this.ready, true, () => this.settle(undefined));
    this.members((members) => {
      if (members.length < this.options.members) return;
      insist(this.parts, 'create', { path: this.ready, ephemeral: true }, (answer) => {
        if (!answer.ok && answer.error.code !== 'NODE_EXISTS') this.settle(answer.error);
      });
    });
  }

  /**
   * The lowest leaves last and waits for the highest, the others leave at once and wait for the lowest: an ending wakes one
   * or, at the end, all. `ready` goes with the last one, after all have begun to leave and before any has left.
   */
  private leaveOrWait(): void {
    this.members((members) => {
      const { member } = this.options;
      const lowest = members[0];
      const highest = members.at(-1);
      if (lowest === undefined || highest === undefined) this.settle(undefined);
      else if (lowest === member && highest === member)
        remove(this.parts, this.ready, () =>
          remove(this.parts, this.own, () => this.settle(undefined)),
        );
      else if (lowest === member) this.waitUntilGone(highest);
      else if (members.includes(member))
        remove(this.parts, this.own, () => {
          if (this.done !== undefined) this.waitUntilGone(lowest);
        });
      else this.waitUntilGone(lowest);
    });
  }

  private waitUntilGone(member: string): void {
    this.follow(`${this.options.path}/${member}`, false, () => this.leaveOrWait());
  }

  private members(told: (names: readonly string[]) => void): void {
    childrenOf(this.parts, this.options.path, (names) => {
      if (this.done === undefined) return;
      if (names.ok) told(names.value.filter((name) => name !== READY).sort());
      else this.settle(names.error);
    });
  }

  private follow(path: string, wanted: boolean, happened: () => void): void {
    const following = this.parts.client.follow('exists', path, (answer) => {
      if (this.following !== following || !answer.ok || answer.value.kind !== 'exists') return;
      if (answer.value.exists !== wanted) return;
      this.stopFollowing();
      happened();
    });
    this.following = following;
  }

  private stopFollowing(): void {
    this.following?.stop();
    this.following = undefined;
  }

  private settle(error: MesozooError | undefined): void {
    const { done } = this;
    this.stopFollowing();
    this.states?.stop();
    this.done = undefined;
    done?.(error);
  }
}

export interface DoubleBarrierOptions {
  readonly path: string;
  /** How many must enter. */
  readonly members: number;
  /** Name of this one, unique among them, and not `ready`. */
  readonly member: string;
}
