/**
 * Reads that must be as new as their question. The leader confirms its ballot with a majority after the question has
 * come, one round for all that wait, and names the slot that must be applied; a member that does not lead asks it.
 */
import type { MemberId, Slot } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { Paxos } from './paxos/contract.ts';

export interface ConfirmationsOptions {
  readonly paxos: () => Paxos;
  readonly askLeader: (leader: MemberId, id: number) => void;
  readonly answerMember: (member: MemberId, id: number, slot: Slot) => void;
  /** Never used by another run of this member: a late answer to a former run must not match. */
  readonly firstId: number;
  readonly resendMs: number;
}

interface Question {
  readonly callbacks: (() => void)[];
  readonly sinceMs: number;
  askedMs: number;
}

/** Questions of one member that are under way; those behind wait for the next round. */
const QUESTIONS_MAX = 64;

export class Confirmations {
  private readonly options: ConfirmationsOptions;
  private nextId: number;
  private gathering: (() => void)[] = [];
  private readonly questions = new Map<number, Question>();
  /** Of other members, by the id that this member's core knows. */
  private readonly foreign = new Map<number, { readonly member: MemberId; readonly id: number }>();
  /** Confirmed, but not applied up to there yet. */
  private applying: { readonly slot: Slot; readonly callbacks: readonly (() => void)[] }[] = [];

  constructor(options: ConfirmationsOptions) {
    this.options = options;
    this.nextId = options.firstId;
  }

  ask(callback: () => void): void {
    this.gathering.push(callback);
  }

  /** At the end of a turn: one question for all that came in it. */
  send(nowMs: number): void {
    if (this.gathering.length === 0 || this.questions.size >= QUESTIONS_MAX) return;
    const id = this.takeId();
    const question = { callbacks: this.gathering, sinceMs: nowMs, askedMs: nowMs };
    this.gathering = [];
    this.questions.set(id, question);
    this.put(id);
  }

  /** Asks again where no answer has come, and forgets what nobody waits for any more. */
  resend(nowMs: number): void {
    for (const [id, question] of this.questions) {
      if (nowMs - question.sinceMs > 2 * limits.requestDeadlineMs) this.questions.delete(id);
      else if (nowMs - question.askedMs >= this.options.resendMs) {
        question.askedMs = nowMs;
        this.put(id);
      }
    }
  }

  /** Another member asks this one, which may lead. */
  askedBy(member: MemberId, id: number): void {
    const paxos = this.options.paxos();
    if (paxos.status().role !== 'leading') return;
    const own = this.takeId();
    this.foreign.set(own, { member, id });
    paxos.confirmLeadership(own);
  }

  /** From this member's core. */
  confirmed(id: number, slot: Slot): void {
    const foreign = this.foreign.get(id);
    if (foreign === undefined) {
      this.answered(id, slot);
      return;
    }
    this.foreign.delete(id);
    this.options.answerMember(foreign.member, foreign.id, slot);
  }

  /** Leadership was lost: other members ask again, and so does this one. */
  unconfirmed(id: number): void {
    this.foreign.delete(id);
  }

  answered(id: number, slot: Slot): void {
    const question = this.questions.get(id);
    if (question === undefined) return;
    this.questions.delete(id);
    this.applying.push({ slot, callbacks: question.callbacks });
  }

  appliedUpTo(slot: Slot): void {
    if (this.applying.length === 0) return;
    const ready = this.applying.filter((one) => one.slot <= slot);
    if (ready.length === 0) return;
    this.applying = this.applying.filter((one) => one.slot > slot);
    for (const { callbacks } of ready) for (const callback of callbacks) callback();
  }

  private put(id: number): void {
    const paxos = this.options.paxos();
    const { role, leader } = paxos.status();
    if (role === 'leading') paxos.confirmLeadership(id);
    else if (leader !== undefined) this.options.askLeader(leader, id);
  }

  private takeId(): number {
    this.nextId += 1;
    return this.nextId;
  }
}
