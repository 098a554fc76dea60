/**
 * A leader that is slow leads no longer than it must. Followers measure it against each other and tell it; when a
 * majority without it finds it slow, it says that it leads no more, as a leader does that stops, and leaves the election
 * to the others for a while. All of this only brings an election forward: what may be decided stays with Paxos.
 */
import type { Ballot, MemberId } from '../../protocol/ids.ts';
import type { Clock, Logger, Random } from '../actor.ts';
import type { MemberMail } from './member-mail.ts';
import type { FoundSlow, PaceAsked, PaceTold } from './member-messages.ts';
import { Pace } from './pace.ts';
import type { Paxos, PaxosStatus } from './paxos/contract.ts';
import { reachedByMajority } from './paxos/quorum.ts';

export type SuccessionMessage = PaceAsked | PaceTold | FoundSlow;

export interface SuccessionOptions {
  readonly member: MemberId;
  readonly paxos: Paxos;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly mail: Pick<MemberMail, 'send'>;
}

/** Between two questions, at random: a leader that stands still now and then must not be asked in step with that. */
const ASK_MS = { least: 100, most: 300 } as const;
/** What a follower found counts so long: a slow leader may read it late, and the next one later. */
const FINDING_MS = 2000;
/**
 * A leader leads at least so long, and at each hand-over of its own twice as long the next time: members that are slow
 * by turns must not pass the lead around. After a calm time it begins anew.
 */
const TENURE_MS = { first: 5000, most: 320_000 } as const;
const CALM_MS = 900_000;
/** Times its tenure a member leaves the lead to others after it has handed it over. */
const TENURES_OF_REST = 4;

export class Succession {
  private readonly options: SuccessionOptions;
  private readonly pace: Pace;
  private askMs = Number.NEGATIVE_INFINITY;
  /** The leadership of this member, since when, and who finds it slow. */
  private ballot: Ballot | undefined;
  private sinceMs = 0;
  private readonly foundMs = new Map<MemberId, number>();
  private tenureMs: number = TENURE_MS.first;
  private handedOverMs = Number.NEGATIVE_INFINITY;
  /** Not told yet. */
  private handedOver: Ballot | undefined;

  constructor(options: SuccessionOptions) {
    this.options = options;
    this.pace = new Pace(options.member, Math.floor(options.random.next() * 2 ** 48));
  }

  receive(message: SuccessionMessage): void {
    const { member, paxos, clock, mail } = this.options;
    switch (message.type) {
      case 'paceAsked': {
        // Somebody who does not vote is none with whom the others could do without the leader.
        const { role } = paxos.status();
        if (role === 'recovering' || role === 'catchingUp' || role === 'observing') return;
        mail.send(message.from, { type: 'paceTold', from: member, round: message.round });
        return;
      }
      case 'paceTold':
        this.pace.told(message.from, message.round, clock.monotonicMs());
        return;
      case 'foundSlow':
        if (message.ballot === this.ballot) this.foundMs.set(message.from, clock.monotonicMs());
        return;
      default:
        message satisfies never;
    }
  }

  /** After the core's. */
  tick(nowMs: number): void {
    const status = this.options.paxos.status();
    if (status.role === 'following') this.measure(status, nowMs);
    if (status.role === 'leading') this.consider(status, nowMs);
    else this.ballot = undefined;
  }

  /** When everything that it said as the leader has left: what came behind would make it one again. */
  endTurn(): void {
    if (this.handedOver === undefined) return;
    const { member, mail } = this.options;
    mail.send('all', { type: 'leaving', from: member, ballot: this.handedOver });
    this.handedOver = undefined;
  }

  private measure({ leader, leaderBallot, configuration }: PaxosStatus, nowMs: number): void {
    if (leader === undefined || nowMs < this.askMs) return;
    const { member, random, mail } = this.options;
    this.askMs = nowMs + ASK_MS.least + random.next() * (ASK_MS.most - ASK_MS.least);
    const leading = { leader, ballot: leaderBallot, configuration };
    if (this.pace.isLeaderSlow(leading, nowMs))
      mail.send(leader, { type: 'foundSlow', from: member, ballot: leaderBallot });
    const round = this.pace.ask(leaderBallot, nowMs);
    mail.send('all', { type: 'paceAsked', from: member, round });
  }

  private consider({ leaderBallot, configuration }: PaxosStatus, nowMs: number): void {
    if (leaderBallot !== this.ballot) {
      this.ballot = leaderBallot;
      this.sinceMs = nowMs;
      this.foundMs.clear();
    }
    if (nowMs - this.handedOverMs >= CALM_MS) this.tenureMs = TENURE_MS.first;
    const foundMs = reachedByMajority(configuration, this.foundMs);
    if (nowMs - foundMs < FINDING_MS && nowMs - this.sinceMs >= this.tenureMs) this.handOver(nowMs);
  }

  private handOver(nowMs: number): void {
    const { paxos, log } = this.options;
    log.warn('leadership handed over', {
      ballot: this.ballot,
      foundSlowBy: [...this.foundMs.keys()],
    });
    this.handedOver = this.ballot;
    this.ballot = undefined;
    this.handedOverMs = nowMs;
    paxos.handOver(TENURES_OF_REST * this.tenureMs);
    this.tenureMs = Math.min(2 * this.tenureMs, TENURE_MS.most);
  }
}
