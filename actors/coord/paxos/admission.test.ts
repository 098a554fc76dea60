import { describe, expect, test } from 'vitest';
import { ballotOf, type DiskId, type MemberId, type Slot } from '../../../protocol/ids.ts';
import type { LogRecord } from './contract.ts';
import { TestMember } from './test-member.ts';

const members = [1, 2, 3].map((id) => ({ id: id as MemberId, disk: `d${id}` as DiskId }));
const ballot = ballotOf(1, 1 as MemberId);
const slot = 1 as Slot;
const admission: LogRecord = {
  kind: 'accept',
  slot,
  ballot,
  value: {
    kind: 'configuration',
    configuration: {
      members: [...members.slice(0, 2), { id: 3 as MemberId, disk: 'e3' as DiskId }],
    },
  },
};

/** Of a new disk that has saved the entry which admits it; a crash tore off the mark that stood behind. */
function withoutMark(): TestMember {
  const member = new TestMember({
    id: 3 as MemberId,
    configuration: { members },
    random: () => 0,
  });
  member.crash();
  member.wipe('e3' as DiskId);
  member.disk.records.push({ kind: 'promise', ballot }, admission);
  member.restart();
  return member;
}

const told = { type: 'fetched', from: 1 as MemberId, last: true, decidedUpTo: slot } as const;

describe('a disk that hears that the entry it holds is decided, and admits it', () => {
  test('votes when the mark which says so is saved, not before', () => {
    const member = withoutMark();
    expect(member.core.status().role).toBe('catchingUp');
    member.core.receive({ ...told, entries: [{ slot, ballot }] });
    expect(member.take().records).toEqual([{ kind: 'decided', slot }]);
    expect(member.core.status().role).toBe('catchingUp');
    member.save();
    expect(member.core.status().role).toBe('following');
  });

  test('finds its vote again at the next start, without a word from others', () => {
    const member = withoutMark();
    member.core.receive({ ...told, entries: [{ slot, ballot }] });
    member.take();
    member.save();
    member.crash();
    member.restart();
    expect(member.core.status().role).toBe('following');
  });
});
