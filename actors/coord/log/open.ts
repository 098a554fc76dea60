/**
 * Opens a member's data at the start: identity, newest sound snapshot, log after it; and says what the member may do
 * with what it still knows.
 *
 * A member that has lost something that was synced keeps every promise that it can still read, but it counts as a new
 * disk: it does not vote until it has fetched what it lost and an entry has admitted it again.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Ballot, MemberId, Slot } from '../../../protocol/ids.ts';
import { NO_BALLOT, NO_SLOT } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import type { Logger, Random, Storage } from '../../actor.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { Recovered } from '../paxos/contract.ts';
import type { ZnodeState, ZnodeStateFactory } from '../znodes/contract.ts';
import {
  type Bootstrap,
  bootstrapIdentity,
  checkIdentity,
  decodeFounding,
  decodeIdentity,
  FOUNDING_FILE,
  IDENTITY_COPY_FILE,
  IDENTITY_FILE,
  type Identity,
  joiningIdentity,
  newDisk,
  saveIdentity,
} from './identity.ts';
import { stopOnFailure } from './log.ts';
import type { Place } from './places.ts';
import { type AcceptedValue, type LogContent, readLog, type SegmentSummary } from './recovery.ts';
import { restoreAtOnce } from './restoration.ts';
import { segmentNumber } from './segments.ts';
import { listSnapshots, removeLeftovers, snapshotName } from './snapshots.ts';

export interface OpenOptions {
  readonly storage: Storage;
  readonly random: Random;
  readonly log: Logger;
  readonly member: MemberId;
  readonly bootstrap?: Bootstrap;
  readonly znodes: ZnodeStateFactory;
  readonly planted?: PlantedBugs;
}

export interface Opened {
  readonly identity: Identity;
  readonly recovered: Recovered;
  readonly state: ZnodeState;
  readonly segments: readonly SegmentSummary[];
  /** Of what was accepted above the snapshot. */
  readonly places: ReadonlyMap<Slot, Place>;
  /** Bytes of the snapshot that the state came from; 0 for none. */
  readonly snapshotBytes: number;
}

/** Throws WRONG_DATA_DIRECTORY, LOG_DAMAGED (the identity itself) and DISK_FAILED. */
export function openData(options: OpenOptions): Opened {
  const { storage, log } = options;
  const { identity: found, isNew, founded, lost: identityLost } = findIdentity(options);
  removeLeftovers(storage);
  const snapshot = restoreNewest(options, found.configuration);
  const content = readLog(storage, found.log);
  const reach = contiguousUpTo(snapshot.slot, content);
  const known = Math.max(
    content.decidedUpTo,
    found.log.forgottenUpTo,
    snapshot.slot,
    ...snapshot.damaged,
  );
  const lost = describeLoss(content, reach, known);
  if (identityLost !== undefined) lost.push(identityLost);
  const identity = lost.length > 0 ? afterLoss(options, found, content, known) : found;
  if (lost.length > 0) {
    log.error('log damaged', { lost, formerDisk: found.disk, disk: identity.disk });
  }
  if (isNew || identity !== found) {
    saveIdentity(storage, identity, stopOnFailure);
  }
  // After the identity, in the order of the calls: from then on this disk creates no cluster.
  if (founded) storage.remove(FOUNDING_FILE, stopOnFailure);
  for (const slot of snapshot.damaged) storage.remove(snapshotName(slot), stopOnFailure);
  const accepted = acceptedAbove(snapshot.slot, content);
  const recovered: Recovered = {
    disk: identity.disk,
    promised: Math.max(content.promised, snapshot.promised) as Ballot,
    accepted,
    decidedUpTo: Math.min(reach, Math.max(content.decidedUpTo, snapshot.slot)) as Slot,
    snapshotSlot: snapshot.slot,
    configuration: snapshot.state.configuration,
    mayVote: identity.mayVote,
  };
  log.info('recovered', {
    disk: identity.disk,
    promised: recovered.promised,
    snapshotSlot: snapshot.slot,
    decidedUpTo: recovered.decidedUpTo,
    accepted: recovered.accepted.length,
    mayVote: recovered.mayVote,
    tornBytes: content.tornBytes,
  });
  return {
    identity,
    recovered,
    state: snapshot.state,
    segments: content.segments,
    places: new Map(accepted.map(({ slot, place }) => [slot, place])),
    snapshotBytes: snapshot.bytes,
  };
}

interface FoundIdentity {
  readonly identity: Identity;
  readonly isNew: boolean;
  /** A founding order lies on the disk: it is carried out, or was. */
  readonly founded: boolean;
  /** Why it is not the last one that was written. */
  readonly lost?: string;
}

function findIdentity(options: OpenOptions): FoundIdentity {
  const { storage, member, random } = options;
  const names = new Set(storage.list().map(({ name }) => name));
  const founded = names.has(FOUNDING_FILE);
  const holdsData = [...names].some(
    (name) => segmentNumber(name) !== undefined || /^(identity|snapshot)/.test(name),
  );
  if (!holdsData) {
    // Where data lie an order has no say, whatever has become of it.
    const bootstrap =
      options.bootstrap ?? (founded ? decodeFounding(storage.read(FOUNDING_FILE)) : undefined);
    const identity =
      bootstrap === undefined
        ? joiningIdentity('', member, newDisk(member, random.bytes(8)))
        : bootstrapIdentity(bootstrap, member);
    return { identity, isNew: true, founded };
  }
  const found = readIdentity(storage, names);
  checkIdentity(found.identity, { member, clusterId: options.bootstrap?.clusterId });
  return { ...found, isNew: false, founded };
}

function readIdentity(
  storage: Storage,
  names: ReadonlySet<string>,
): Pick<FoundIdentity, 'identity' | 'lost'> {
  const problems: MesozooError[] = [];
  for (const name of [IDENTITY_FILE, IDENTITY_COPY_FILE]) {
    try {
      if (!names.has(name)) throw new MesozooError('LOG_DAMAGED', `the file "${name}" is missing`);
      const identity = decodeIdentity(storage.read(name));
      const [problem] = problems;
      return { identity, ...(problem && { lost: problem.message }) };
    } catch (error) {
      if (!(error instanceof MesozooError && error.code === 'LOG_DAMAGED')) throw error;
      problems.push(error);
    }
  }
  throw new MesozooError(
    'WRONG_DATA_DIRECTORY',
    `it is not known whose data these are (${problems.map(({ message }) => message).join('; ')}): empty the data directory, and the member joins again and fetches all from the others`,
  );
}

interface RestoredSnapshot {
  readonly state: ZnodeState;
  readonly slot: Slot;
  readonly promised: Ballot;
  readonly bytes: number;
  /** Newer ones that could not be read. */
  readonly damaged: readonly Slot[];
}

function restoreNewest(options: OpenOptions, configuration: Configuration): RestoredSnapshot {
  const { storage, log, znodes, planted } = options;
  const damaged: Slot[] = [];
  for (const { slot, bytes } of listSnapshots(storage).reverse()) {
    const name = snapshotName(slot);
    try {
      const { head, state } = restoreAtOnce(options, name, slot);
      return { state, slot, promised: head.promised, bytes, damaged };
    } catch (error) {
      if (!(error instanceof MesozooError && error.code === 'LOG_DAMAGED')) throw error;
      log.error('snapshot damaged', { name, reason: error.message });
      damaged.push(slot);
    }
  }
  const state = znodes.empty(configuration, planted);
  return { state, slot: NO_SLOT, promised: NO_BALLOT, bytes: 0, damaged };
}

function contiguousUpTo(snapshotSlot: Slot, content: LogContent): Slot {
  let slot = snapshotSlot;
  while (content.accepted.has((slot + 1) as Slot)) slot = (slot + 1) as Slot;
  return slot;
}

function describeLoss(content: LogContent, reach: Slot, known: number): string[] {
  const lost = content.damage.map(({ segment, what }) => `segment ${segment}: ${what}`);
  if (reach < known) lost.push(`slots ${reach + 1} to ${known} were decided and are not all there`);
  return lost;
}

/** The id that the quorum knows stands for a disk that forgets nothing: this one is to be admitted anew. */
function afterLoss(
  options: OpenOptions,
  identity: Identity,
  content: LogContent,
  known: number,
): Identity {
  const lastSegment = content.segments[content.segments.length - 1]?.number ?? 0;
  return {
    ...identity,
    disk: newDisk(options.member, options.random.bytes(8)),
    mayVote: false,
    log: {
      ...identity.log,
      forgottenUpTo: known as Slot,
      damageKnownUpTo: Math.max(lastSegment, identity.log.last),
    },
  };
}

function acceptedAbove(slot: Slot, content: LogContent): AcceptedValue[] {
  return [...content.accepted.values()]
    .filter((accepted) => accepted.slot > slot)
    .sort((one, other) => one.slot - other.slot);
}
