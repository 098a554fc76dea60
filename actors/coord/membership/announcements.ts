/** What the members, and those who could become members, have lately said of themselves. In memory alone. */
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { QuorumMember } from '../../../protocol/operations.ts';
import type { Announced } from '../member-messages.ts';
import { majoritySize } from '../paxos/quorum.ts';

interface Heard {
  readonly disk: DiskId;
  readonly address: string;
  readonly storedUpTo: Slot;
  readonly heardMs: number;
}

/** Who has said nothing for so long is not connected; they say it several times a second. */
const FRESH_MS = 2000;

export class Announcements {
  private readonly heard = new Map<MemberId, Heard>();

  hear({ from, disk, address, storedUpTo }: Omit<Announced, 'type'>, nowMs: number): void {
    this.heard.set(from, { disk, address, storedUpTo, heardMs: nowMs });
  }

  /** Undefined for whom nothing was heard of lately. */
  of(member: MemberId, nowMs: number): Heard | undefined {
    const heard = this.heard.get(member);
    return heard === undefined || nowMs - heard.heardMs > FRESH_MS ? undefined : heard;
  }

  /** Whether a majority of these members, with the disks that are named, has everything up to the slot on disk. */
  isStored(members: readonly QuorumMember[], slot: number, nowMs: number): boolean {
    const count = members.filter(({ id, disk }) => {
      const heard = this.of(id, nowMs);
      return heard?.disk === disk && heard.storedUpTo >= slot;
    }).length;
    return count >= majoritySize(members.length);
  }
}
