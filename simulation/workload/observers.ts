/** The operator, who has the coords without a vote named as observers, and sees that they are. */
import { encodeMemberMessage } from '../../actors/coord/member-messages.ts';
import type { MemberId, Slot } from '../../protocol/ids.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { Life } from '../life.ts';
import { SimulatedConnection } from '../network/connection.ts';
import { type CoordNode, coordStatus } from '../nodes/coord.ts';
import { CLUSTER } from '../nodes/node.ts';
import type { World } from '../world.ts';
import type { Workload } from './workload.ts';

const ASK_EVERY_US = 500_000;

export interface ObserversWorkloadOptions {
  readonly world: World;
  readonly members: readonly CoordNode[];
  /** With the numbers behind the members'. */
  readonly observers: readonly CoordNode[];
}

export class ObserversWorkload implements Workload {
  private readonly options: ObserversWorkloadOptions;
  private readonly connection: SimulatedConnection;
  private readonly wanted: readonly number[];
  private asked = 0;

  constructor(options: ObserversWorkloadOptions) {
    const { world, members, observers } = options;
    this.options = options;
    this.wanted = observers.map((_, index) => members.length + index + 1);
    this.connection = new SimulatedConnection(world.server, new Life('operator'), {
      ...{ node: 'operator', inbox: '_INBOX.operator' },
    });
    this.askLater();
  }

  stopIssuing(): void {
    // One change, and then no more.
  }

  probe(): void {
    // It goes on asking until it is done.
  }

  isDone(): boolean {
    const named = this.options.members.map((node) => coordStatus(node)?.observers);
    return named.every((observers) => String(observers) === String(this.wanted));
  }

  missing(): string {
    return `members that know of the observers ${this.wanted}`;
  }

  check(): void {
    // What observers applied is compared like that of members.
  }

  private askLater(): void {
    this.options.world.scheduler.after(ASK_EVERY_US, () => {
      if (this.isDone()) return;
      this.ask();
      this.askLater();
    });
  }

  /** As a member does that was asked by a client; nobody waits for the answer. */
  private ask(): void {
    const leader = this.options.members.findIndex((node) => coordStatus(node)?.role === 'leading');
    if (leader === -1) return;
    this.asked += 1;
    const joining = this.wanted.map((id) => `server.${id}=h:2888:3888:observer;h${id}:2181`).join();
    const message = encodeMemberMessage({
      ...{ type: 'reconfigAsked', from: this.wanted[0] as MemberId, request: `o${this.asked}` },
      ...{ joining, leaving: null, newMembers: null, version: -1, after: 0 as Slot },
      identities: [{ scheme: 'super', id: '' }],
    });
    const subject = subjectsOf(CLUSTER).quorumMember((leader + 1) as MemberId);
    this.connection.publish(subject, message);
  }
}
