/** Puts a coord together: each part is given what it needs of the others. */
import type { SessionId } from '../../protocol/ids.ts';
import type { Operation } from '../../protocol/operations.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import { Agreement } from './agreement.ts';
import { Confirmations } from './confirmations.ts';
import { Door } from './door/door.ts';
import type { Quorum } from './door/quorum.ts';
import { SessionExpiry } from './expiry.ts';
import { Inbox, messageBytesFor, type OperationDone, Outbox } from './forwarding.ts';
import { Gateway } from './gateway/gateway.ts';
import { reconfigRules } from './gateway/reconfig.ts';
import { generousSettings } from './gateway/settings.ts';
import { LeaderWatch } from './leader-watch.ts';
import { CoordLog } from './log/log.ts';
import type { Opened } from './log/open.ts';
import type { MemberMail } from './member-mail.ts';
import { MemberSession } from './member-session.ts';
import { Membership } from './membership/membership.ts';
import type { CoordBounds, CoordOptions, CoordPorts, CoordTiming } from './options.ts';
import { ownAddress } from './own-address.ts';
import type { Parts } from './parts.ts';
import { createPaxos } from './paxos/core.ts';
import { runCoordinatorChart } from './paxos/lifecycle.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { Succession } from './succession.ts';
import type { ZnodeState } from './znodes/contract.ts';
import { DIGEST_FORMAT, znodeStates } from './znodes/znodes.ts';

export interface Assembling {
  readonly ports: CoordPorts;
  readonly options: CoordOptions;
  readonly opened: Opened;
  readonly timing: CoordTiming;
  readonly bounds: CoordBounds;
  readonly mail: MemberMail;
  readonly subjects: Subjects;
  readonly nowMs: number;
  /** As it is when it is asked for: another member's may take its place. */
  tree(): ZnodeState;
  /** Throws TOO_MANY_REQUESTS, PAYLOAD_TOO_LARGE. */
  submit(operation: Omit<Operation, 'tag'>, done: OperationDone): void;
  install(state: ZnodeState): void;
  /** A client of the session was heard. */
  touch(session: SessionId): void;
  /** How long no leader was known, of the time in which this process ran. */
  withoutLeaderMs(): number;
}

export function assemble(assembling: Assembling): Parts {
  const { ports, options, opened, timing, bounds, mail, subjects, nowMs } = assembling;
  const { tree, submit, install, touch } = assembling;
  const { storage, random, clock, log: logger } = ports;
  const { planted, member, zookeeper } = options;
  const messageBytesMax = messageBytesFor(ports.transport.maxPayloadBytes);
  const chart = runCoordinatorChart(member, clock, ports.inspection);
  const paxos = createPaxos({
    member,
    recovered: opened.recovered,
    timing,
    lifecycle: chart,
    random: () => random.next(),
    nowMs,
    messageBytesMax,
    slotsInFlightMax: bounds.slotsInFlight,
    keptSlotsMax: bounds.keptSlots,
    valuesOnDisk: { memoryBytesMax: bounds.memoryBytes, read: (slot) => log.read(slot) },
    ...(planted !== undefined && { planted }),
  });
  const log: CoordLog = new CoordLog({
    storage,
    identity: opened.identity,
    segments: opened.segments,
    places: opened.places,
    promised: opened.recovered.promised,
    decidedUpTo: opened.recovered.decidedUpTo,
    segmentBytes: bounds.segmentBytes,
    aheadBytes: bounds.aheadBytes,
    saved: (token) => paxos.saved(token),
  });
  const snapshots = new SnapshotKeeper({
    storage,
    clock,
    logger,
    member,
    log,
    paxos,
    znodes: znodeStates,
    planted,
    bounds,
    timing,
    snapshotSlot: opened.recovered.snapshotSlot,
    snapshotBytes: opened.snapshotBytes,
    messageBytesMax,
    send: (to, message) => mail.sendBulk(to, message),
    install,
  });
  const run = Buffer.from(random.bytes(6)).toString('hex');
  const confirmations = new Confirmations({
    paxos: () => paxos,
    askLeader: (leader, id) => mail.send(leader, { type: 'readIndex', from: member, id }),
    answerMember: (to, id, slot) =>
      mail.send(to, { type: 'readIndexAnswer', from: member, id, slot }),
    firstId: Math.floor(random.next() * 2 ** 48),
    resendMs: timing.resendMs,
  });
  const memberSession = new MemberSession(member, submit, logger);
  const membership = new Membership({
    ...{ member, disk: opened.identity.disk, run, clock, log: logger, paxos },
    address: zookeeper === undefined ? '' : ownAddress(zookeeper),
    tree,
    send: (to, message) => mail.send(to, message),
  });
  const quorum: Quorum = {
    member,
    state: tree,
    submit,
    submitForMember: (body, identities, done) => memberSession.write(body, identities, done),
    confirm: (done) => confirmations.ask(done),
    reconfigure: (wanted, done) => membership.ask(wanted, done),
    hasRoom: () => !outbox.isFull(),
    touch,
    isInContact: () =>
      assembling.withoutLeaderMs() < timing.contactPatienceMs && !snapshots.isFetching,
  };
  const { tcp, http, gss } = ports;
  const gateway =
    tcp === undefined || zookeeper === undefined
      ? undefined
      : new Gateway({
          ...zookeeper,
          tcp,
          http,
          gss,
          clock,
          random,
          log: logger,
          quorum,
          planted,
          facts: () => {
            const { role, leader, configuration } = paxos.status();
            const members = configuration.members.map(({ id }) => id);
            const observers = (configuration.observers ?? []).map(({ id }) => id);
            return {
              ...{ role, leader, members, observers, files: storage.list() },
              isCatchingUp: leader !== undefined && !memberSession.isOpen,
              presenceOf: (id) => membership.presenceOf(id),
              lastSnapshot: snapshots.lastSaved,
            };
          },
        });
  const firstTag = Math.floor(random.next() * 2 ** 32);
  const outbox = new Outbox(member, run, firstTag, messageBytesMax);
  return {
    ...{ gateway, chart, paxos, log, snapshots, outbox },
    inbox: new Inbox(planted, messageBytesMax),
    confirmations,
    agreement: new Agreement({
      ...{ member, log: logger, format: DIGEST_FORMAT },
      members: () => tree().configuration.members.map(({ id }) => id),
    }),
    expiry: new SessionExpiry(timing.housekeepingMs * 2 + timing.electionTimeoutMs),
    memberSession,
    membership,
    leaderWatch: new LeaderWatch({
      transport: ports.transport,
      heartbeatMs: timing.heartbeatMs,
      probe: (leader, reply) => mail.send(leader, { type: 'probe', from: member }, reply),
      gone: (ballot) => paxos.leaderGone(ballot),
    }),
    succession: new Succession({ member, paxos, clock, random, log: logger, mail }),
    door: new Door({
      ports,
      quorum,
      subjects,
      run,
      reconfig: reconfigRules(options.zookeeper?.settings ?? generousSettings),
    }),
  };
}
