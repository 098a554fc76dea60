/**
 * Members under random faults: messages lost, repeated and late, members that crash, lose what was not synced, or lose
 * their disk, while members are added, removed, replaced and made observers at random. One value a slot, always; and
 * once the faults stop, everything that was proposed to the leader is decided everywhere. The seed is in the name of the test: it is all that is needed to run it again.
 */
import { describe, expect, test } from 'vitest';
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { PlantedBug, PlantedBugs } from '../../planted.ts';
import type { Value } from './contract.ts';
import { decodeQuorumMessage, encodeQuorumMessage, type QuorumMessage } from './messages.ts';
import { isMajority, isMember } from './quorum.ts';
import { TestMember } from './test-member.ts';

interface Faults {
  readonly loss: number;
  readonly repeat: number;
  readonly crash: number;
  /** How often one member is cut off from all others for a while. */
  readonly partition: number;
  readonly delayMs: number;
  /** That a save is finished within a turn of 10 ms. */
  readonly save: number;
  readonly wipe: boolean;
  readonly snapshots: boolean;
  /** How often, in a turn, a leader proposes other members and observers: any of the world's. */
  readonly reconfigure: number;
  /** How often, in a turn, a leader hands over. */
  readonly handOver: number;
}

const NO_FAULTS: Faults = {
  loss: 0,
  repeat: 0,
  crash: 0,
  partition: 0,
  delayMs: 400,
  save: 0.6,
  wipe: false,
  snapshots: true,
  reconfigure: 0,
  handOver: 0,
};

class Cluster {
  readonly members: TestMember[];
  readonly decided = new Map<Slot, string>();
  /** What a leader took, by its text, and the greatest slot that was decided when a read was asked for. */
  proposed = 0;
  confirmed = 0;
  reconfigured = 0;
  private readonly random: () => number;
  private network: { readonly to: MemberId; readonly dueMs: number; readonly bytes: Uint8Array }[] =
    [];
  private nowMs = 0;
  private readonly reads = new Map<number, Slot>();
  private wiped = 0;
  /** The network breaks in two then. */
  private breakMs = Number.POSITIVE_INFINITY;
  private cutOff: { readonly members: ReadonlySet<MemberId>; readonly untilMs: number } | undefined;

  /** The spare ones are observers where `isObserved`. */
  constructor(
    count: number,
    spare: number,
    seed: number,
    planted?: PlantedBugs,
    isObserved = false,
  ) {
    this.random = randomOf(seed);
    const ids = Array.from({ length: count + spare }, (_, index) => (index + 1) as MemberId);
    const configuration = {
      members: ids.slice(0, count).map((id) => ({ id, disk: `d${id}` as DiskId })),
      ...(isObserved && { observers: ids.slice(count).map((id) => ({ id })) }),
    };
    this.members = ids.map(
      (id) =>
        new TestMember({
          id,
          configuration,
          random: this.random,
          messageBytesMax: 700,
          slotsInFlightMax: 6,
          keptSlotsMax: 20,
          memoryBytesMax: 200,
          planted,
        }),
    );
  }

  run(forMs: number, faults: Faults): void {
    const endMs = this.nowMs + forMs;
    while (this.nowMs < endMs) {
      this.nowMs += 10;
      this.cut(faults);
      for (const member of this.members) this.turn(member, faults);
      this.deliver(faults);
    }
  }

  /** Everyone who is up has applied the same prefix, up to what the leader has decided. */
  leader(): TestMember | undefined {
    return this.members.find((member) => member.isUp && member.core.status().role === 'leading');
  }

  startAll(): void {
    for (const member of this.members) if (!member.isUp) member.restart();
  }

  private cut(faults: Faults): void {
    if (this.cutOff !== undefined && this.nowMs >= this.cutOff.untilMs) this.cutOff = undefined;
    const isDue = this.nowMs >= this.breakMs;
    if (isDue) this.breakMs = Number.POSITIVE_INFINITY;
    if (this.cutOff !== undefined || (this.random() >= faults.partition && !isDue)) return;
    const one = (1 + Math.floor(this.random() * this.members.length)) as MemberId;
    const some = () => this.members.filter(() => this.random() < 0.5).map(({ id }) => id);
    const members = new Set(isDue ? some() : [one]);
    this.cutOff = { members, untilMs: this.nowMs + 200 + this.random() * (isDue ? 1500 : 800) };
  }

  private turn(member: TestMember, faults: Faults): void {
    if (!member.isUp) {
      if (this.random() < 0.02) this.bringBack(member, faults);
      return;
    }
    member.tick(this.nowMs - member.nowMs);
    if (this.random() < 0.3 && member.core.room() > 0) this.propose(member);
    if (this.random() < faults.reconfigure && member.core.room() > 0) this.reconfigure(member);
    if (this.random() < 0.1) this.ask(member);
    this.drain(member, faults);
    if (faults.handOver > 0 && this.random() < faults.handOver) this.handOver(member);
    // A save takes a while; a crash may come before it, and keep any part of what waits.
    while (member.unsynced.length > 0 && this.random() < faults.save) {
      member.save();
      this.drain(member, faults);
    }
    if (faults.snapshots && this.random() < 0.01) this.snapshot(member);
    if (this.random() < faults.crash) {
      member.crash(Math.floor(this.random() * (member.unsynced.length + 1)));
    }
  }

  private bringBack(member: TestMember, faults: Faults): void {
    if (faults.wipe && this.mayWipe(member)) member.wipe(`e${++this.wiped}` as DiskId);
    member.restart();
  }

  /**
   * A majority of good disks must live, and hold what was decided, or it may be lost: one wipe at a time, admitted
   * before the next. Of members that change, all must hold all: those that were left may have been the only ones. And
   * members that are proposed must not lose the disks that are named.
   */
  private mayWipe(member: TestMember): boolean {
    if (this.random() < 0.5) return false;
    const others = this.members.filter((one) => one !== member);
    const { configuration } = others
      .map((one) => one.core.status())
      .reduce((a, b) => (a.decidedUpTo > b.decidedUpTo ? a : b));
    if (this.members.some(mayHaveProposedMembers)) return false;
    const last = Math.max(0, ...this.decided.keys());
    const good = new Map(
      others
        .filter((one) => one.core.context.state.mayVote && one.core.status().storedUpTo >= last)
        .map((one) => [one.id, one.disk.id]),
    );
    const isRestGood = configuration.members.every(
      ({ id, disk }) => id === member.id || good.get(id) === disk,
    );
    return isRestGood && isMajority(configuration, good);
  }

  /** Any of the world's members, with the disks that they have now. */
  private reconfigure(leader: TestMember): void {
    if (leader.core.status().isReconfiguring) return;
    const chosen = this.members.filter(() => this.random() < 0.6);
    if (chosen.length === 0) return;
    const members = chosen.map(({ id, disk }) => ({ id, disk: disk.id }));
    const observers = this.members
      .filter((member) => !chosen.includes(member) && this.random() < 0.5)
      .map(({ id }) => ({ id }));
    const configuration = { members, ...(observers.length > 0 && { observers }) };
    if (!leader.core.propose({ kind: 'configuration', configuration })) return;
    this.reconfigured++;
    // Some hear of it, others do not.
    if (this.random() < 0.5) this.breakMs = this.nowMs + this.random() * 50;
  }

  /** What it has said has left; that it leads no more reaches some of the others. */
  handOver(leader: TestMember): void {
    const { role, leaderBallot } = leader.core.status();
    if (role !== 'leading') return;
    leader.core.handOver(1000);
    for (const { core, isUp } of this.members)
      if (isUp && this.random() < 0.7) core.leaderLeaves(leaderBallot);
  }

  private propose(member: TestMember): void {
    const text = `v${this.proposed++} ${'x'.repeat(Math.floor(this.random() * 120))}`;
    member.core.propose({ kind: 'entry', bytes: new TextEncoder().encode(text) });
  }

  /** A read must see all that anybody had decided when it was asked for. */
  private ask(member: TestMember): void {
    const id = this.reads.size + 1;
    this.reads.set(id, Math.max(0, ...this.decided.keys()) as Slot);
    member.core.confirmLeadership(id);
  }

  private snapshot(member: TestMember): void {
    const { decidedUpTo, configuration } = member.core.status();
    // A snapshot holds what was applied, and stands on what is on the disk.
    if (member.unsynced.length === 0) member.takeSnapshot(decidedUpTo, configuration);
  }

  private drain(member: TestMember, faults: Faults): void {
    const output = member.take();
    for (const { to, message } of output.messages) {
      for (const receiver of this.members) {
        if (receiver.id !== member.id && (to === 'all' || to === receiver.id)) {
          this.send(member.id, receiver.id, message, faults);
        }
      }
    }
    for (const { slot, value } of output.decided) this.learn(slot, textOf(value));
    for (const { id, slot } of output.confirmed) {
      this.confirmed++;
      expect(slot).toBeGreaterThanOrEqual(this.reads.get(id)!);
    }
    if (output.snapshotWanted !== undefined) this.install(member, output.snapshotWanted.from);
  }

  private send(from: MemberId, to: MemberId, message: QuorumMessage, faults: Faults): void {
    if (this.cutOff !== undefined && this.cutOff.members.has(from) !== this.cutOff.members.has(to))
      return;
    const bytes = encodeQuorumMessage(message);
    expect(bytes.length).toBeLessThanOrEqual(1024);
    const copies = this.random() < faults.loss ? 0 : this.random() < faults.repeat ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delayMs =
        this.random() < faults.repeat ? this.random() * faults.delayMs : this.random() * 20;
      this.network.push({ to, dueMs: this.nowMs + delayMs, bytes });
    }
  }

  private deliver(faults: Faults): void {
    const due = this.network.filter((one) => one.dueMs <= this.nowMs);
    this.network = this.network.filter((one) => one.dueMs > this.nowMs);
    for (const { to, bytes } of due) {
      const member = this.members[to - 1]!;
      if (!member.isUp) continue;
      member.core.receive(decodeQuorumMessage(bytes));
      this.drain(member, faults);
    }
  }

  private install(member: TestMember, from: MemberId): void {
    const source = this.members[from - 1]!;
    const { slot, configuration } = source.disk.snapshot;
    if (slot > member.core.status().decidedUpTo) member.install(slot, configuration);
  }

  private learn(slot: Slot, value: string): void {
    const before = this.decided.get(slot);
    if (before !== undefined) expect(value, `slot ${slot}`).toBe(before);
    this.decided.set(slot, value);
  }
}

function mayHaveProposedMembers({ core }: TestMember): boolean {
  const { entries } = core.context.state.log;
  return [...entries.values()].some(
    ({ decided, value }) => !decided && value.kind === 'configuration',
  );
}

describe.each([
  { count: 3, spare: 0 },
  { count: 5, spare: 0 },
  { count: 3, spare: 2 },
  { count: 4, spare: 1 },
])('$count members and $spare spare ones', ({ count, spare }) => {
  test.each(
    Array.from(
      { length: Number(process.env.PAXOS_SEEDS ?? 10) },
      (_, index) => count * 1000 + spare * 100 + index,
    ),
  )(
    'agree under faults and go on after them, seed %i',
    (seed) => {
      const cluster = new Cluster(count, spare, seed);
      const { loss, repeat } = [
        { loss: 0.02, repeat: 0.02 },
        { loss: 0.15, repeat: 0.1 },
        { loss: 0.4, repeat: 0.3 },
      ][seed % 3]!;
      const wipe = seed % 2 === 1;
      cluster.run(8_000, {
        loss,
        repeat,
        crash: 0.004,
        partition: 0.005,
        delayMs: 400,
        save: 0.6,
        wipe,
        snapshots: true,
        reconfigure: spare === 0 ? 0 : 0.1,
        handOver: 0.02,
      });
      cluster.startAll();
      cluster.run(6_000, NO_FAULTS);

      const leader = cluster.leader();
      expect(leader).toBeDefined();
      expect(cluster.proposed).toBeGreaterThan(50);
      expect(cluster.confirmed).toBeGreaterThan(0);
      const before = leader!.core.status().decidedUpTo;
      cluster.handOver(leader!);
      // Where it is the only one that votes, it waits out its rest.
      cluster.run(3_000, NO_FAULTS);
      for (const member of cluster.members) {
        const { decidedUpTo, role } = member.core.status();
        expect(decidedUpTo, `member ${member.id}`).toBeGreaterThanOrEqual(before);
        const counts = isMember(leader!.core.status().configuration, member.id);
        const isKnown = member.core.status().configuration.members.length > 0;
        expect(
          counts ? ['following', 'leading'] : [isKnown ? 'observing' : 'catchingUp'],
        ).toContain(role);
      }
      if (spare > 0) expect(cluster.reconfigured).toBeGreaterThan(0);
      expect(leader!.core.status().decidedUpTo).toBeGreaterThan(before);
    },
    120_000,
  );
});

/**
 * Each bug must show itself within as many seeds; without it, the same seeds are quiet. A promise before the sync hurts
 * only in a few milliseconds before a crash: the exhaustive small world finds that one. New members that were not asked hurt
 * only when the network breaks just then: scenario 20 shows it.
 */
const SEEDS_MAX = 250;
const MANY_FAULTS: Faults = {
  loss: 0.2,
  repeat: 0.3,
  crash: 0.003,
  partition: 0.01,
  delayMs: 1500,
  save: 0.2,
  wipe: true,
  snapshots: false,
  reconfigure: 0,
  handOver: 0,
};

function firstSeedThatFails(planted?: PlantedBugs, observers = 0): number | undefined {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    try {
      new Cluster(3, observers, seed, planted, observers > 0).run(5_000, MANY_FAULTS);
    } catch {
      return seed;
    }
  }
  return undefined;
}

describe('a planted bug shows itself under random faults', () => {
  test.each([0, 1])(
    'and without one nothing fails, with %i observers',
    (observers) => {
      expect(firstSeedThatFails(undefined, observers)).toBeUndefined();
    },
    120_000,
  );

  test.each<[PlantedBug, observers: number]>([
    ['majority-counted-wrong', 0],
    ['ballots-not-compared', 0],
    ['decided-mark-under-another-ballot', 0],
    ['promise-leaves-out-accepted-slot', 0],
    ['wiped-disk-votes', 0],
    ['observer-votes', 1],
  ])(
    '%s',
    (bug, observers) => {
      const seed = firstSeedThatFails(new Set([bug]), observers);
      console.log(`${bug}: found with seed ${seed}`);
      expect(seed).toBeDefined();
    },
    120_000,
  );
});

function textOf(value: Value): string {
  if (value.kind === 'entry') return new TextDecoder().decode(value.bytes);
  return value.kind === 'noop' ? 'noop' : JSON.stringify(value.configuration);
}

/** mulberry32: small, seeded, good enough to shuffle faults. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
