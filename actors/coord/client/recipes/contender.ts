/**
 * One place in a line, from `enter` until it is left or lost: what locks, read-write locks and the leases of semaphores
 * have in common. Each contender makes an ephemeral sequential node and watches only the one node that is in its way, so
 * that an ending wakes one contender and not all; the line is fair, since the counter is the order.
 *
 * A contender holds from `held` to `leave` or `lost`. It is told `lost` at once when its session has expired, when its
 * node was deleted by somebody, and also when the quorum has not answered for so long that the session may have been given
 * away: nobody else is let in before that. A process that was stopped in the meantime learns it too late; what it touches
 * then is protected by the fencing token only.
 */
import { MesozooError } from '../../../../protocol/errors.ts';
import type { Zxid } from '../../../../protocol/ids.ts';
import type { Timer } from '../../../actor.ts';
import { certainForMs } from '../certainty.ts';
import { type Contestant, lineOf, ownPrefix } from './line.ts';
import { childrenOf, ensure, insist, type RecipeParts, remove, sessionClosed } from './parts.ts';

export interface Place {
  /** Persistent znode of the line; made where it is missing. */
  readonly parent: string;
  /** Of this contender. */
  readonly kind: string;
  /** All kinds that stand in this line. */
  readonly kinds: readonly string[];
  /** Shown to people who look. */
  readonly data?: string;
  /**
   * Who is in the way of the contender at `index`; undefined when it is let in. `anybody`: whoever leaves may let it in, and
   * it looks again at each change of the line, so only one contender at a time should say so.
   */
  readonly obstacle: (
    line: readonly Contestant[],
    index: number,
  ) => Contestant | 'anybody' | undefined;
}

/** One that has entered. */
export interface Entered {
  /** Holds, and the session cannot have been given away yet. */
  readonly isHolding: boolean;
  /** `done` when the node is gone, or the session with it. Nothing is told to the handlers any more. */
  leave(done?: () => void): void;
}

export interface Holding {
  readonly path: string;
  /**
   * czxid of the node: a later holder of an exclusive lock has a greater one. Who writes to something else under the lock
   * sends it along, and that refuses what is smaller than the greatest it has seen.
   */
  readonly token: Zxid;
}

export interface ContenderHandlers {
  /** Told once. */
  held(holding: Holding): void;
  /** Told once, whether it held or not, when it ended without `leave`. */
  lost(error: MesozooError): void;
}

type State = 'entering' | 'waiting' | 'holding' | 'leaving' | 'ended';

export class Contender implements Entered {
  private readonly parts: RecipeParts;
  private readonly place: Place;
  private readonly handlers: ContenderHandlers;
  private readonly prefix: string;
  private readonly states: { stop(): void };
  private state: State = 'entering';
  private holding: Holding | undefined;
  /** Of the node in our way, or of our own while we hold. */
  private following: { stop(): void } | undefined;
  private certainty: Timer | undefined;
  private readonly whenLeft: (() => void)[] = [];

  /** Enters at once. */
  constructor(parts: RecipeParts, place: Place, handlers: ContenderHandlers) {
    this.parts = parts;
    this.place = place;
    this.handlers = handlers;
    this.prefix = `${ownPrefix(parts.random)}${place.kind}`;
    this.states = parts.client.onState((state) => {
      if (state === 'expired') this.lose(new MesozooError('SESSION_EXPIRED'));
      if (state === 'closed') this.lose(sessionClosed());
    });
    this.create();
  }

  get isHolding(): boolean {
    const { client, clock } = this.parts;
    return this.state === 'holding' && certainForMs(client, clock) > 0;
  }

  leave(done?: () => void): void {
    if (this.state === 'ended') {
      if (done !== undefined) this.parts.clock.after(0, done);
      return;
    }
    if (done !== undefined) this.whenLeft.push(done);
    if (this.state === 'leaving') return;
    const hasNode = this.holding !== undefined;
    this.state = 'leaving';
    this.stopWatching();
    // Otherwise the answer to the creation does it.
    if (hasNode) this.removeNode();
  }

  private create(): void {
    const { parent, data } = this.place;
    const path = `${parent}/${this.prefix}`;
    const request = { path, ephemeral: true, sequential: true, data: data ?? '' };
    this.parts.client.request('create', request, (answer) => {
      if (this.state === 'ended') return;
      if (answer.ok) this.created(answer.value.path, answer.value.stat.czxid);
      else if (answer.error.code === 'NO_NODE') this.createParent();
      else if (!answer.error.definite) this.findOwn();
      else this.lose(answer.error);
    });
  }

  private created(path: string, czxid: number): void {
    this.holding = { path, token: czxid as Zxid };
    if (this.state === 'leaving') this.removeNode();
    else {
      this.state = 'waiting';
      this.look();
    }
  }

  private createParent(): void {
    if (this.state === 'leaving') {
      this.end();
      return;
    }
    ensure(this.parts, this.place.parent, (error) => {
      if (this.state === 'ended') return;
      if (error !== undefined) this.lose(error);
      else if (this.state === 'leaving') this.end();
      else this.create();
    });
  }

  /** A node of ours may have been made whose name we were not told. */
  private findOwn(): void {
    childrenOf(this.parts, this.place.parent, (names) => {
      if (this.state === 'ended') return;
      if (!names.ok) {
        this.lose(names.error);
        return;
      }
      const own = names.value.find((name) => name.startsWith(this.prefix));
      if (own === undefined) {
        if (this.state === 'leaving') this.end();
        else this.create();
        return;
      }
      const path = `${this.place.parent}/${own}`;
      insist(this.parts, 'exists', { path }, (found) => {
        if (this.state === 'ended') return;
        if (!found.ok) this.lose(found.error);
        else if (found.value.stat === undefined) this.lose(deleted(path));
        else this.created(path, found.value.stat.czxid);
      });
    });
  }

  private look(): void {
    this.stopWatching();
    childrenOf(this.parts, this.place.parent, (names) => {
      if (this.state !== 'waiting' || this.holding === undefined) return;
      if (!names.ok) {
        this.lose(names.error);
        return;
      }
      const { path } = this.holding;
      const line = lineOf(names.value, this.place.kinds);
      const index = line.findIndex(({ name }) => path.endsWith(`/${name}`));
      if (index < 0) {
        this.lose(deleted(path));
        return;
      }
      const obstacle = this.place.obstacle(line, index);
      if (obstacle === undefined) this.hold(this.holding);
      else if (obstacle === 'anybody') this.waitForAnybody(names.value);
      else this.follow(`${this.place.parent}/${obstacle.name}`, () => this.look());
    });
  }

  private hold(holding: Holding): void {
    this.state = 'holding';
    this.follow(holding.path, () => this.lose(deleted(holding.path)));
    this.watchCertainty();
    if (this.state === 'holding') this.handlers.held(holding);
  }

  private watchCertainty(): void {
    const { client, clock } = this.parts;
    const certainMs = certainForMs(client, clock);
    if (certainMs > 0)
      this.certainty = clock.after(Math.ceil(certainMs), () => this.watchCertainty());
    else
      this.lose(
        new MesozooError(
          'SESSION_EXPIRED',
          'no member has answered for so long that the session may have expired',
        ),
      );
  }

  private follow(path: string, gone: () => void): void {
    const { state } = this;
    const following = this.parts.client.follow('exists', path, (answer) => {
      if (this.following !== following || this.state !== state) return;
      if (answer.ok && answer.value.kind === 'exists' && !answer.value.exists) gone();
    });
    this.following = following;
  }

  private waitForAnybody(seen: readonly string[]): void {
    const following = this.parts.client.follow('children', this.place.parent, (answer) => {
      if (this.following !== following || !answer.ok || answer.value.kind !== 'children') return;
      const { children } = answer.value;
      if (seen.some((name) => !children.includes(name))) this.look();
    });
    this.following = following;
  }

  private stopWatching(): void {
    this.following?.stop();
    this.following = undefined;
    this.certainty?.cancel();
    this.certainty = undefined;
  }

  private removeNode(): void {
    remove(this.parts, this.holding?.path ?? '', () => this.end());
  }

  private lose(error: MesozooError): void {
    if (this.state === 'ended') return;
    const { state, holding } = this;
    this.end();
    if (state === 'leaving') return;
    // Where the session lives on after all, the node would be in everybody's way.
    if (holding !== undefined && this.parts.client.session !== undefined)
      remove(this.parts, holding.path);
    this.handlers.lost(error);
  }

  private end(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.stopWatching();
    this.states.stop();
    for (const done of this.whenLeft.splice(0)) done();
  }
}

function deleted(path: string): MesozooError {
  return new MesozooError('NO_NODE', `${path} was deleted by somebody else`);
}
