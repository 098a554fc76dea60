/**
 * Faults at random from a seed, and their ends: members killed, paused and cut off, one or several at once, and
 * nats-server itself. They overlap, so that at times no majority is left.
 */
import type { SeededRandom } from '../../../simulation/random.ts';
import { pause, type TestCluster } from '../../cluster/harness.ts';
import type { RunRecord } from './record.ts';

/** Killed ones are rarer: they are started again after a longer and longer wait. */
const weights = {
  'member killed': 4,
  'member paused': 6,
  'member cut off': 5,
  'member silenced': 5,
  'all members killed': 1,
  'nats-server killed': 1,
} as const;
const FIRST_AFTER_MS = 1_000;
const BETWEEN_MS = [500, 5_000] as const;
const LASTING_MS = [300, 4_000] as const;
const LEADER_CHANCE = 0.4;
/** With no leader to be found by then, any member will do. */
const FIND_LEADER_MS = 500;

export class Faults {
  private readonly cluster: TestCluster;
  private readonly random: SeededRandom;
  private readonly record: RunRecord;
  private readonly lasting = new Set<Promise<void>>();

  constructor(cluster: TestCluster, random: SeededRandom, record: RunRecord) {
    this.cluster = cluster;
    this.random = random;
    this.record = record;
  }

  /** Returns when the last fault has ended. */
  async run(isOver: () => boolean): Promise<void> {
    await pause(FIRST_AFTER_MS);
    while (!isOver()) {
      await this.strike();
      await pause(this.random.between(...BETWEEN_MS));
    }
    await Promise.all(this.lasting);
  }

  private async strike(): Promise<void> {
    const kind = this.random.weighted(weights)!;
    // Drawn whether needed or not: the rest of the run stays the same.
    const member = this.random.whole(1, this.members.length);
    const wantsLeader = this.random.chance(LEADER_CHANCE);
    const lastingMs = this.random.between(...LASTING_MS);
    const coord = (wantsLeader && (await this.leader())) || `coord-${member}`;
    const relay = this.cluster.relays[Number(coord.split('-')[1]) - 1]!;
    this.record.count(kind);
    switch (kind) {
      case 'member killed':
        return this.cluster.signal(coord, 'SIGKILL');
      case 'member paused':
        this.cluster.signal(coord, 'SIGSTOP');
        return this.end(lastingMs, () => this.cluster.signal(coord, 'SIGCONT'));
      case 'member cut off':
        relay.cut();
        return this.end(lastingMs, () => relay.mend());
      case 'member silenced':
        relay.silence();
        return this.end(lastingMs, () => relay.mend());
      case 'all members killed':
        for (const each of this.members) this.cluster.signal(each, 'SIGKILL');
        return;
      case 'nats-server killed':
        return this.cluster.signal('nats', 'SIGKILL');
      default:
        kind satisfies never;
    }
  }

  private end(afterMs: number, end: () => void): void {
    const ended = pause(afterMs).then(() => {
      end();
      this.lasting.delete(ended);
    });
    this.lasting.add(ended);
  }

  private leader(): Promise<string | undefined> {
    return Promise.race([this.cluster.leadingCoord(), pause(FIND_LEADER_MS).then(() => undefined)]);
  }

  private get members(): readonly string[] {
    return this.cluster.zookeeperAddresses.map((_, index) => `coord-${index + 1}`);
  }
}
