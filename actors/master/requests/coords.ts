/** Asks all coords how they are: a question to every member, answers gathered for a short while. */
import { decode, encode } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import type { ClusterState } from '../../../protocol/task-api.ts';
import type { Clock, Delivery, Logger, Subscription, Transport } from '../../actor.ts';

type CoordView = ClusterState['coords'][number];

export class CoordStates {
  private readonly parts: {
    readonly transport: Transport;
    readonly clock: Clock;
    readonly log: Logger;
    readonly subjects: Subjects;
    readonly gatherMs: number;
  };
  private readonly inbox: string;
  private readonly subscription: Subscription;
  private waiting: ((coords: readonly CoordView[]) => void)[] = [];
  private gathered = new Map<number, CoordView>();
  private ended = false;

  /** `token` makes the inbox unique to one leadership. */
  constructor(parts: CoordStates['parts'], token: string) {
    this.parts = parts;
    this.inbox = `${parts.transport.inbox}.coords-${token}`;
    this.subscription = parts.transport.subscribe(this.inbox, (delivery) => this.receive(delivery));
  }

  /** Those who ask while answers are gathered share them. */
  ask(handler: (coords: readonly CoordView[]) => void): void {
    this.waiting.push(handler);
    if (this.waiting.length > 1) return;
    this.gathered = new Map();
    const { transport, subjects, clock, gatherMs } = this.parts;
    transport.publish(subjects.quorumState(), encode({}, 'msgpack'), { reply: this.inbox });
    clock.after(gatherMs, () => this.tell());
  }

  end(): void {
    this.ended = true;
    this.subscription.unsubscribe();
  }

  private tell(): void {
    if (this.ended) return;
    const coords = [...this.gathered.values()].sort((a, b) => a.id - b.id);
    const { waiting } = this;
    this.waiting = [];
    for (const handler of waiting) handler(coords);
  }

  private receive({ payload }: Delivery): void {
    if (payload.length === 0) return;
    try {
      const { id, role, ballot, decidedUpTo, zxid } = decode(payload).value as unknown as CoordView;
      if (typeof id === 'number') this.gathered.set(id, { id, role, ballot, decidedUpTo, zxid });
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      this.parts.log.warn('answer of a coord is not readable', { error: error.message });
    }
  }
}
