/**
 * Asks after a leader that has become silent. A process that was killed leaves no interest in its subject, and NATS
 * says so at once ("no responders"): its election then need not wait for the whole timeout, which is there for leaders
 * that are slow. Nothing but haste comes from it: a pre-vote and a majority decide as always.
 */
import type { Ballot, MemberId } from '../../protocol/ids.ts';
import type { Delivery, Subscription, Transport } from '../actor.ts';
import type { PaxosStatus } from './paxos/contract.ts';

const NO_RESPONDERS = 503;
/** Missed before a leader is asked after: one may be late. */
const SILENT_HEARTBEATS = 2.5;

export interface LeaderWatchOptions {
  readonly transport: Transport;
  readonly heartbeatMs: number;
  readonly probe: (leader: MemberId, reply: string) => void;
  /** Nobody listens where the leader of this ballot did. */
  readonly gone: (ballot: Ballot) => void;
}

export class LeaderWatch {
  private readonly options: LeaderWatchOptions;
  private readonly prefix: string;
  private readonly subscription: Subscription;

  constructor(options: LeaderWatchOptions) {
    this.options = options;
    this.prefix = `${options.transport.inbox}.leader.`;
    this.subscription = options.transport.subscribe(`${this.prefix}*`, (delivery) =>
      this.answered(delivery),
    );
  }

  /** At every tick. */
  look({ role, leader, leaderBallot, leaderHeardMs }: PaxosStatus, nowMs: number): void {
    if (role !== 'following' || leader === undefined) return;
    if (nowMs - leaderHeardMs < SILENT_HEARTBEATS * this.options.heartbeatMs) return;
    this.options.probe(leader, `${this.prefix}${leaderBallot}`);
  }

  stop(): void {
    this.subscription.unsubscribe();
  }

  private answered({ subject, status }: Delivery): void {
    if (status !== NO_RESPONDERS) return;
    this.options.gone(Number(subject.slice(this.prefix.length)) as Ballot);
  }
}
