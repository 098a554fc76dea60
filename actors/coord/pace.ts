/**
 * How quickly the other members answer, and whether the leader is clearly slower than those who could do without it.
 *
 * Only a comparison says so. On a machine with too much to do everybody is late, the member that looks too, and another
 * leader would be no better: so each question goes to all at once, and what delays the answers of all counts for nobody.
 */
import type { Ballot, MemberId } from '../../protocol/ids.ts';
import type { Configuration } from '../../protocol/operations.ts';
import { reachedByMajority } from './paxos/quorum.ts';

/** The last ones that are complete count: some seconds, longer than a garbage collection or a moment's load. */
const ROUNDS_JUDGED = 16;
/** In so many of them the leader must be behind. */
const ROUNDS_BEHIND = 11;
/** So many times as long as the others, and at the least so long. */
const TIMES_AS_LONG = 8;
const LEAST_MS = 20;
/** An answer that has not come by then counts as one that took so long, whoever owes it. */
const PATIENCE_MS = 1000;
/** More than can be open and judged. */
const ROUNDS_KEPT = 32;

interface Round {
  readonly round: number;
  readonly askedMs: number;
  readonly tookMs: Map<MemberId, number>;
}

export interface Leading {
  readonly leader: MemberId;
  readonly ballot: Ballot;
  readonly configuration: Configuration;
}

export class Pace {
  private readonly member: MemberId;
  private ballot: Ballot | undefined;
  private rounds: Round[] = [];
  private lastRound: number;

  /** `firstRound`: not the same as that of another run, so that a late answer to it does not match. */
  constructor(member: MemberId, firstRound: number) {
    this.member = member;
    this.lastRound = firstRound;
  }

  /** Opens a round; what was seen under another leader is forgotten. */
  ask(ballot: Ballot, nowMs: number): number {
    if (ballot !== this.ballot) {
      this.ballot = ballot;
      this.rounds = [];
    }
    this.lastRound += 1;
    this.rounds.push({ round: this.lastRound, askedMs: nowMs, tookMs: new Map() });
    if (this.rounds.length > ROUNDS_KEPT) this.rounds.shift();
    return this.lastRound;
  }

  told(from: MemberId, round: number, nowMs: number): void {
    const asked = this.rounds.find((one) => one.round === round);
    if (asked === undefined || asked.tookMs.has(from)) return;
    asked.tookMs.set(from, Math.min(nowMs - asked.askedMs, PATIENCE_MS));
  }

  /** A majority without the leader, this member in it, answers much sooner than the leader does. */
  isLeaderSlow(leading: Leading, nowMs: number): boolean {
    if (leading.ballot !== this.ballot) return false;
    const others = leading.configuration.members.length - 1;
    const complete = this.rounds.filter(
      ({ askedMs, tookMs }) => tookMs.size >= others || nowMs - askedMs >= PATIENCE_MS,
    );
    const judged = complete.slice(-ROUNDS_JUDGED);
    return judged.filter((round) => this.isBehind(round, leading)).length >= ROUNDS_BEHIND;
  }

  private isBehind({ tookMs }: Round, { leader, configuration }: Leading): boolean {
    const without = new Map<MemberId, number>([[this.member, 0]]);
    for (const [member, ms] of tookMs) if (member !== leader) without.set(member, -ms);
    const othersMs = -reachedByMajority(configuration, without);
    return (tookMs.get(leader) ?? PATIENCE_MS) >= Math.max(LEAST_MS, TIMES_AS_LONG * othersMs);
  }
}
