/**
 * Whether the members' trees are equal: each says what the digest of its tree is, at the same slots.
 *
 * Equal logs make equal trees, unless a fault of ours, broken memory or a snapshot that went wrong unseen has changed
 * one of them. A member whose tree is not that of a majority stops: it must neither answer from it nor hand it on.
 */
import { MesozooError } from '../../protocol/errors.ts';
import type { MemberId, Slot } from '../../protocol/ids.ts';
import type { Logger } from '../actor.ts';
import type { DigestTold } from './member-messages.ts';

/** Often enough to be near the write that made the difference, and seldom enough to cost nothing. */
export const SLOTS_BETWEEN_DIGESTS = 128;
/** A member that lags behind so many is compared again once it has caught up. */
const SLOTS_KEPT = 64;

export interface AgreementOptions {
  readonly member: MemberId;
  readonly log: Logger;
  /** Who votes now. */
  readonly members: () => readonly MemberId[];
  /** Digests of another format say nothing: members of another version are not compared. */
  readonly format: number;
}

export class Agreement {
  private readonly options: AgreementOptions;
  /** Of each slot, as each member has told it, this one included. */
  private readonly told = new Map<Slot, Map<MemberId, string>>();
  private unsaid: DigestTold | undefined;

  constructor(options: AgreementOptions) {
    this.options = options;
  }

  /** After each slot. Throws STATE_DIVERGED. */
  applied(slot: Slot, digest: () => string): void {
    if (slot % SLOTS_BETWEEN_DIGESTS !== 0) return;
    const { member: from, format } = this.options;
    this.unsaid = { type: 'digestTold', from, slot, format, digest: digest() };
    this.note(this.unsaid);
  }

  /** What the others are to be told: the newest only, since a member that catches up passes many. */
  take(): DigestTold | undefined {
    const message = this.unsaid;
    this.unsaid = undefined;
    return message;
  }

  /** Throws STATE_DIVERGED. */
  heard(message: DigestTold): void {
    if (message.format === this.options.format) this.note(message);
  }

  private note({ from, slot, digest }: DigestTold): void {
    const known = this.told.get(slot);
    if (known === undefined) this.told.set(slot, new Map([[from, digest]]));
    else known.set(from, digest);
    if (this.told.size > SLOTS_KEPT) this.told.delete(Math.min(...this.told.keys()) as Slot);
    this.judge(slot);
  }

  private judge(slot: Slot): void {
    const { member, log, members } = this.options;
    const told = this.told.get(slot);
    const own = told?.get(member);
    if (told === undefined || own === undefined) return;
    const voters = members().filter((id) => told.has(id));
    const others = voters.filter((id) => told.get(id) !== own);
    if (others.length === 0) return;
    log.error('trees differ', { slot, digests: Object.fromEntries(told) });
    for (const id of others) {
      const digest = told.get(id);
      const same = voters.filter((other) => told.get(other) === digest);
      if (2 * same.length > members().length)
        throw new MesozooError(
          'STATE_DIVERGED',
          `at slot ${slot} the digest of this member's tree is ${own}, that of a majority ${digest}`,
        );
    }
  }
}
