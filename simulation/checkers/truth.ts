/**
 * What the members of the quorum say they have decided and applied, slot by slot: the truth that every other checker
 * compares with. Each slot is taken over from the member that applied it first; whoever applies it later, a restarted
 * member too, must have the same value and the same tree.
 */
import type { Applied } from '../../actors/coord/znodes/contract.ts';
import type { TreeEvent } from '../../protocol/operations.ts';
import { Hash64 } from '../hash.ts';
import type { Violations } from '../violations.ts';

/** One slot as one member applied it. */
export interface AppliedSlot {
  readonly slot: number;
  /** The value's bytes; a value that is no entry (noop, configuration) as its text. */
  readonly value: Uint8Array | string;
  readonly applied: readonly Applied[];
  /** Of the tree after it. */
  readonly digest: string;
}

export interface TreeChange extends TreeEvent {
  readonly zxid: number;
  readonly slot: number;
}

interface KnownSlot {
  readonly value: string;
  readonly digest: string;
  readonly member: string;
}

export class Truth {
  private readonly violations: Violations;
  private readonly slots = new Map<number, KnownSlot>();
  private readonly listeners: ((slot: AppliedSlot) => void)[] = [];
  readonly changes = new Map<string, TreeChange[]>();
  lastSlot = 0;

  constructor(violations: Violations) {
    this.violations = violations;
  }

  /** Told of each slot once, in the order of the slots. */
  onSlot(listener: (slot: AppliedSlot) => void): void {
    this.listeners.push(listener);
  }

  applied(member: string, slot: AppliedSlot): void {
    const value = hashOf(slot.value);
    const known = this.slots.get(slot.slot);
    if (known !== undefined) {
      this.compare(member, slot, value, known);
      return;
    }
    this.slots.set(slot.slot, { value, digest: slot.digest, member });
    if (slot.slot !== this.lastSlot + 1)
      this.violations.report(
        'one-value-per-slot',
        `${member} applied slot ${slot.slot} after ${this.lastSlot}, which was the last of all`,
      );
    this.lastSlot = Math.max(this.lastSlot, slot.slot);
    for (const { zxid, events } of slot.applied)
      for (const event of events) this.changed({ ...event, zxid, slot: slot.slot });
    for (const listener of this.listeners) listener(slot);
  }

  private compare(member: string, slot: AppliedSlot, value: string, known: KnownSlot): void {
    if (known.value !== value)
      this.violations.report(
        'one-value-per-slot',
        `slot ${slot.slot} has one value at ${known.member} and another at ${member}`,
      );
    else if (known.digest !== slot.digest)
      this.violations.report(
        'equal-trees',
        `after slot ${slot.slot} the tree of ${member} has the digest ${slot.digest}, that of ${known.member} ${known.digest}`,
      );
  }

  private changed(change: TreeChange): void {
    const list = this.changes.get(change.path);
    if (list === undefined) this.changes.set(change.path, [change]);
    else list.push(change);
  }
}

function hashOf(value: Uint8Array | string): string {
  const hash = new Hash64();
  return (typeof value === 'string' ? hash.text(value) : hash.bytes(value)).digest();
}
