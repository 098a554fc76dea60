/** One member with a disk that can lose what was not synced: for scenarios and randomized tests. */
import { assert } from '../../../protocol/errors.ts';
import type { Ballot, DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { LogRecord, PaxosOptions, PaxosOutput, Recovered, Value } from './contract.ts';
import { PaxosCore } from './core.ts';
import { CoordinatorChartValue } from './lifecycle.ts';

export interface TestMemberOptions {
  readonly id: MemberId;
  /** Of the bootstrap, which its observers know too; a member that is not in it has a new disk, and knows nothing. */
  readonly configuration: Configuration;
  readonly random: () => number;
  readonly messageBytesMax?: number;
  readonly slotsInFlightMax?: number;
  readonly keptSlotsMax?: number;
  /** Values beyond this are left to the disk. */
  readonly memoryBytesMax?: number;
  readonly planted?: PlantedBugs;
}

const testTiming = { heartbeatMs: 50, electionTimeoutMs: 300, resendMs: 100 };

interface Disk {
  readonly id: DiskId;
  /** Synced, in order. */
  records: LogRecord[];
  snapshot: { readonly slot: Slot; readonly configuration: Configuration };
  readonly isNew: boolean;
}

export class TestMember {
  readonly id: MemberId;
  readonly options: TestMemberOptions;
  core!: PaxosCore;
  isUp = true;
  nowMs = 0;
  disk: Disk;
  unsynced: { readonly token: number; readonly records: readonly LogRecord[] }[] = [];
  /** What the state machine of this run was given, by slot. */
  readonly applied = new Map<Slot, Value>();

  constructor(options: TestMemberOptions) {
    this.id = options.id;
    this.options = options;
    const { members, observers = [] } = options.configuration;
    const present = members.find((member) => member.id === options.id);
    const isKnown = [...members, ...observers].some(({ id }) => id === options.id);
    this.disk = {
      id: present?.disk ?? (`d${options.id}` as DiskId),
      records: [],
      snapshot: {
        slot: 0 as Slot,
        configuration: isKnown ? options.configuration : { members: [] },
      },
      isNew: present === undefined,
    };
    this.start();
  }

  /** What it applied is gone as well: the state machine starts from the snapshot. */
  crash(batchesKept = 0): void {
    for (const { records } of this.unsynced.slice(0, batchesKept)) {
      this.disk.records.push(...records);
    }
    this.unsynced = [];
    this.isUp = false;
  }

  restart(): void {
    this.isUp = true;
    this.applied.clear();
    this.start();
  }

  /** An empty disk, under a new id, in place of the old. */
  wipe(id: DiskId): void {
    this.disk = {
      id,
      records: [],
      snapshot: { slot: 0 as Slot, configuration: { members: [] } },
      isNew: true,
    };
    this.unsynced = [];
  }

  save(): void {
    const batch = this.unsynced.shift();
    if (batch === undefined) return;
    this.disk.records.push(...batch.records);
    this.core.saved(batch.token);
  }

  tick(elapsedMs: number): void {
    this.nowMs += elapsedMs;
    this.core.tick(this.nowMs);
  }

  take(): PaxosOutput {
    const output = this.core.takeOutput();
    if (output.token !== undefined) {
      this.unsynced.push({ token: output.token, records: output.records });
    }
    for (const { slot, value } of output.decided) this.applied.set(slot, value);
    this.core.invariants();
    return output;
  }

  /** Of everything applied; members at the same slot hold the same. */
  takeSnapshot(slot: Slot, configuration: Configuration): void {
    this.disk.snapshot = { slot, configuration };
    this.core.forgetUpTo(slot, Number.POSITIVE_INFINITY);
  }

  install(slot: Slot, configuration: Configuration): void {
    this.disk.snapshot = { slot, configuration };
    this.core.installed(slot, configuration);
  }

  private start(): void {
    const { options, disk } = this;
    const core: PaxosOptions = {
      member: this.id,
      recovered: recovered(disk),
      timing: testTiming,
      lifecycle: new CoordinatorChartValue(),
      random: options.random,
      nowMs: this.nowMs,
      messageBytesMax: options.messageBytesMax ?? 64 * 1024,
      slotsInFlightMax: options.slotsInFlightMax ?? 8,
      keptSlotsMax: options.keptSlotsMax,
      valuesOnDisk: {
        memoryBytesMax: options.memoryBytesMax ?? Number.POSITIVE_INFINITY,
        read: (slot) => valueOnDisk(disk, slot),
      },
      planted: options.planted,
    };
    this.core = new PaxosCore(core);
  }
}

function valueOnDisk({ records }: Disk, slot: Slot): Value {
  const last = records.findLast((record) => record.kind === 'accept' && record.slot === slot);
  assert(last?.kind === 'accept', `the value of slot ${slot} is not on disk`);
  return last.value;
}

function recovered({ id, records, snapshot, isNew }: Disk): Recovered {
  let promised = 0 as Ballot;
  let decidedUpTo = snapshot.slot;
  const accepted = new Map<Slot, { slot: Slot; ballot: Ballot; value: Value }>();
  for (const record of records) {
    if (record.kind === 'promise') promised = record.ballot;
    else if (record.kind === 'accept') accepted.set(record.slot, record);
    else if (record.slot > decidedUpTo) decidedUpTo = record.slot;
  }
  return {
    disk: id,
    promised,
    accepted: [...accepted.values()]
      .filter(({ slot }) => slot > snapshot.slot)
      .sort((a, b) => a.slot - b.slot),
    decidedUpTo,
    snapshotSlot: snapshot.slot,
    configuration: snapshot.configuration,
    mayVote: !isNew,
  };
}
