/**
 * One member of the quorum: joins the Paxos core, the log on disk, the znode tree and the door for clients.
 *
 * A turn gathers what has come in: operations go to the leader and from there into slots, what the core wants saved
 * goes to the log, what it wants said goes out, and what is decided is applied; then clients are answered.
 */
import { assert, MesozooError } from '../../protocol/errors.ts';
import type { Ballot, MemberId, Slot } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { Operation } from '../../protocol/operations.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import type { Actor, Delivery, Subscription, Timer } from '../actor.ts';
import { assemble } from './assembly.ts';
import type { OperationDone } from './forwarding.ts';
import { Housekeeping } from './housekeeping.ts';
import { openData } from './log/open.ts';
import { MemberMail } from './member-mail.ts';
import {
  decodeMemberMessage,
  type Forward,
  isMemberMessage,
  type MemberMessage,
  type Resend,
} from './member-messages.ts';
import {
  type CoordBounds,
  type CoordOptions,
  type CoordPorts,
  type CoordTiming,
  defaultBounds,
  defaultTiming,
} from './options.ts';
import type { Parts } from './parts.ts';
import type { Decided, Paxos, PaxosOutput, PaxosStatus } from './paxos/contract.ts';
import { decodeQuorumMessage, encodeQuorumMessage } from './paxos/messages.ts';
import { answerState, describeMember } from './state-answer.ts';
import type { Applied, ZnodeState } from './znodes/contract.ts';
import { encodeFramedEntry } from './znodes/operation-codec.ts';
import { znodeStates } from './znodes/znodes.ts';

export type { CoordBounds, CoordOptions, CoordPorts, CoordTiming } from './options.ts';

export class CoordActor implements Actor {
  private readonly ports: CoordPorts;
  private readonly options: CoordOptions;
  private readonly timing: CoordTiming;
  private readonly bounds: CoordBounds;
  private readonly member: MemberId;
  private readonly subjects: Subjects;
  private readonly mail: MemberMail;
  private state: ZnodeState | undefined;
  private parts: Parts | undefined;
  private subscriptions: Subscription[] = [];
  private tickTimer: Timer | undefined;
  private resumeTimer: Timer | undefined;
  /** Time in which this process ran: what it did not hear while it stood still is nobody's fault. */
  private attentiveMs = 0;
  private tickedMs = 0;
  /** When a leader was last known, in that time. */
  private contactMs = 0;
  private housekeptMs = 0;
  private role: PaxosStatus['role'] = 'recovering';
  private streamBallot: Ballot | undefined;
  private decided: Decided[] = [];
  private housekeeping: Housekeeping | undefined;
  /** Asked to stop: `done` is called once what is under way is answered, at the latest then. */
  private leaving: { readonly done: () => void; readonly untilMs: number } | undefined;

  constructor(ports: CoordPorts, options: CoordOptions) {
    this.ports = ports;
    this.options = options;
    this.timing = { ...defaultTiming, ...options.timing };
    this.bounds = { ...defaultBounds, ...options.bounds };
    this.member = options.member;
    this.subjects = subjectsOf(options.cluster);
    this.mail = new MemberMail(ports, this.subjects);
  }

  // ── Life ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Throws WRONG_DATA_DIRECTORY, LOG_DAMAGED, DISK_FAILED. */
  start(): void {
    const { clock, transport, bulk } = this.ports;
    const nowMs = clock.monotonicMs();
    this.attentiveMs = nowMs;
    this.contactMs = nowMs;
    this.tickedMs = nowMs;
    this.housekeptMs = nowMs;
    const parts = this.open();
    this.parts = parts;
    this.housekeeping = new Housekeeping({
      ports: this.ports,
      member: this.member,
      systemDigest: this.options.systemDigest,
      timing: this.timing,
      parts,
      tree: () => this.tree(),
      send: (to, message) => this.mail.send(to, message),
      sendForward: (to, forward) => this.sendForward(parts, to, forward),
      askCluster: () => this.mail.send('all', { type: 'clusterAsked', from: this.member }),
    });
    const receive = (delivery: Delivery) => this.receive(delivery.payload);
    this.subscriptions = [
      transport.subscribe(this.subjects.quorumAll(), receive),
      transport.subscribe(this.subjects.quorumMember(this.member), receive),
      bulk.subscribe(this.subjects.quorumBulk(this.member), receive),
      transport.subscribe(this.subjects.quorumState(), (delivery) => this.tellState(delivery)),
    ];
    parts.door.start();
    parts.gateway?.start();
    this.tickLater();
  }

  private open(): Parts {
    const { storage, random, log } = this.ports;
    const { planted, bootstrap, member } = this.options;
    const opened = openData({
      ...{ storage, random, log, member, znodes: znodeStates },
      ...(bootstrap !== undefined && { bootstrap }),
      ...(planted !== undefined && { planted }),
    });
    this.state = opened.state;
    return assemble({
      ...{ ports: this.ports, options: this.options, opened, timing: this.timing },
      ...{ bounds: this.bounds, mail: this.mail, subjects: this.subjects },
      nowMs: this.attentiveMs,
      tree: () => this.tree(),
      submit: (operation, done) => this.submit(operation, done),
      install: (state) => this.install(state),
      touch: (session) => this.housekeeping?.touch(session),
      withoutLeaderMs: () => this.attentiveMs - this.contactMs,
    });
  }

  /** Nothing new is taken; what is under way is answered first, so that its clients need not wonder what became of it. */
  stop(done: () => void): void {
    const { parts } = this;
    if (parts === undefined) {
      done();
      return;
    }
    const untilMs = this.ports.clock.monotonicMs() + this.timing.leavePatienceMs;
    this.leaving = { done, untilMs };
    parts.door.leave();
    parts.gateway?.leave();
  }

  private leaveOnceQuiet(parts: Parts): void {
    const { leaving } = this;
    if (leaving === undefined) return;
    const isQuiet = parts.door.isQuiet && (parts.gateway?.connections.size ?? 0) === 0;
    if (!isQuiet && this.ports.clock.monotonicMs() < leaving.untilMs) return;
    this.end(parts);
    leaving.done();
  }

  private end(parts: Parts): void {
    this.tickTimer?.cancel();
    this.resumeTimer?.cancel();
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    parts.door.stop();
    parts.gateway?.stop();
    parts.snapshots.stop();
    parts.leaderWatch.stop();
    const { role, leaderBallot } = parts.paxos.status();
    // What it has proposed is the next leader's to settle; what others have sent, they send again.
    if (role === 'leading')
      this.mail.send('all', { type: 'leaving', from: this.member, ballot: leaderBallot });
    parts.chart.send({ type: 'STOPPED' });
    this.parts = undefined;
  }

  // ── Turns ───────────────────────────────────────────────────────────────────────────────────────────────────

  endTurn(): void {
    const { parts } = this;
    if (parts === undefined) return;
    for (let more = true; more; ) {
      this.followLeadership(parts);
      this.forward(parts);
      this.propose(parts);
      parts.confirmations.send(this.ports.clock.monotonicMs());
      more = this.carryOut(parts, parts.paxos.takeOutput());
    }
    const told = parts.agreement.take();
    if (told !== undefined) this.mail.send('all', told);
    parts.succession.endTurn();
    parts.log.flush();
    parts.gateway?.flush();
    this.leaveOnceQuiet(parts);
  }

  /** Says whether what came out may have led to new work. */
  private carryOut(parts: Parts, output: PaxosOutput): boolean {
    // First what others wait for: the disk may keep this member waiting.
    for (const { to, message, bulk } of output.messages) {
      const payload = encodeQuorumMessage(message);
      if (to === 'all') this.ports.transport.publish(this.subjects.quorumAll(), payload);
      else if (bulk) this.ports.bulk.publish(this.subjects.quorumBulk(to), payload);
      else this.ports.transport.publish(this.subjects.quorumMember(to), payload);
    }
    if (output.records.length > 0 || output.token !== undefined) {
      parts.log.append(output.records, output.token);
      parts.log.flush();
    }
    for (const { id, slot } of output.confirmed) parts.confirmations.confirmed(id, slot);
    for (const id of output.unconfirmed) parts.confirmations.unconfirmed(id);
    if (output.snapshotWanted !== undefined) {
      parts.snapshots.wanted(output.snapshotWanted.from, this.tree().slot);
    }
    for (const decided of output.decided) this.decided.push(decided);
    const applied = this.applyDecided(parts);
    parts.confirmations.appliedUpTo(this.tree().slot);
    // The rest of what is decided has its turn after the messages and timers that wait.
    if (this.decided.length > 0) return false;
    return applied || output.confirmed.length > 0;
  }

  private followLeadership(parts: Parts): void {
    const status = parts.paxos.status();
    if (status.role !== this.role) {
      this.ports.log.info('role changed', { role: status.role, ballot: status.leaderBallot });
      const led = this.role === 'leading';
      this.role = status.role;
      if (led || status.role === 'leading') parts.inbox.clear();
      if (status.role === 'leading') parts.expiry.begin(this.ports.clock.monotonicMs());
    }
    if (status.leader !== undefined && status.leaderBallot !== this.streamBallot) {
      this.ports.log.info('leader known', { leader: status.leader, ballot: status.leaderBallot });
      // This member may have been deposed and elected again between two looks.
      if (status.role === 'leading') {
        parts.inbox.clear();
        parts.expiry.begin(this.ports.clock.monotonicMs());
      }
      this.streamBallot = status.leaderBallot;
      this.housekeptMs = Number.NEGATIVE_INFINITY;
      parts.outbox.beginStream(status.leaderBallot);
    }
  }

  private forward(parts: Parts): void {
    if (!parts.outbox.hasUnsent()) return;
    const { leader, leaderBallot } = parts.paxos.status();
    if (leader === undefined || leaderBallot !== this.streamBallot) return;
    for (const forward of parts.outbox.takeForwards()) this.sendForward(parts, leader, forward);
  }

  private sendForward(parts: Parts, leader: MemberId, forward: Forward): void {
    if (leader === this.member) this.receiveForward(parts, forward);
    else this.mail.send(leader, forward);
  }

  private propose(parts: Parts): void {
    const { inbox, paxos } = parts;
    this.proposeConfiguration(paxos);
    parts.membership.decideRequests();
    while (inbox.size > 0) {
      const room = paxos.room();
      if (room === 0) return;
      // With some slots under way the next ones may as well be fuller: what waits leaves when one of them is decided.
      const underWay = this.bounds.slotsInFlight - room;
      const isSmall =
        inbox.size < this.bounds.gatheredOperations && inbox.byteLength < limits.batchBytes / 8;
      if (isSmall && underWay >= this.bounds.slotsBeforeGathering) return;
      const bytes = encodeFramedEntry(this.ports.clock.wallMs(), inbox.shiftBatch());
      const taken = paxos.propose({ kind: 'entry', bytes });
      assert(taken, 'a value was refused although there was room');
    }
  }

  /** The bootstrap's configuration is the first entry, so that whoever joins later learns it like everything else. */
  private proposeConfiguration(paxos: Paxos): void {
    if (this.tree().slot > 0) return;
    const { role, acceptedUpTo, configuration } = paxos.status();
    if (role !== 'leading' || acceptedUpTo > 0 || paxos.room() === 0) return;
    paxos.propose({ kind: 'configuration', configuration });
  }

  // ── Decided ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** For a stretch of time only, so that messages and heartbeats have their turn in between. */
  private applyDecided(parts: Parts): boolean {
    if (this.decided.length === 0) return false;
    const { clock } = this.ports;
    const untilMs = clock.monotonicMs() + this.timing.applyStretchMs;
    let count = 0;
    while (count < this.decided.length) {
      this.apply(parts, this.decided[count]!);
      count += 1;
      if (clock.monotonicMs() >= untilMs) break;
    }
    this.decided = this.decided.slice(count);
    if (this.decided.length > 0) this.resumeSoon();
    parts.snapshots.consider(this.tree());
    return true;
  }

  private resumeSoon(): void {
    if (this.resumeTimer !== undefined) return;
    this.resumeTimer = this.ports.clock.after(0, () => {
      this.resumeTimer = undefined;
    });
  }

  private apply(parts: Parts, { slot, value }: Decided): void {
    const state = this.tree();
    const zxidBefore = state.zxid;
    let applied: readonly Applied[] = NOTHING;
    switch (value.kind) {
      case 'entry':
        applied = this.applyEntry(parts, slot, value.bytes);
        break;
      case 'noop':
        state.applyOther(slot);
        break;
      case 'configuration': {
        const told = state.applyOther(slot, value.configuration);
        if (told !== undefined) {
          applied = [told];
          this.applied(parts, told);
        }
        parts.membership.applied(slot, value.configuration);
        this.ports.log.info('configuration changed', { slot, ...value.configuration });
        break;
      }
      default:
        value satisfies never;
    }
    parts.agreement.applied(slot, () => state.digest());
    parts.gateway?.applied(zxidBefore);
    this.options.observe?.applied({
      slot,
      value: value.kind === 'entry' ? value.bytes : JSON.stringify(value),
      applied,
      digest: state.digest(),
    });
  }

  private applyEntry(parts: Parts, slot: Slot, entry: Uint8Array): readonly Applied[] {
    const isObserved = this.options.observe !== undefined;
    const all: Applied[] = [];
    this.tree().applyEach(slot, entry, {
      isAsked: (tag) => isObserved || parts.outbox.has(tag),
      applied: (one) => {
        if (isObserved) all.push(one);
        this.applied(parts, one);
      },
    });
    return all;
  }

  private applied(parts: Parts, applied: Applied): void {
    const { session, result } = applied;
    // Its events go out before any answer that shows it.
    parts.door.fire(applied);
    const isEventLate = this.options.planted?.has('event-after-answer') === true;
    if (!isEventLate) fireGateway(parts, applied);
    parts.door.applied(applied);
    if (applied.ended !== undefined) parts.gateway?.ended(applied.ended);
    if (applied.ended !== undefined) parts.expiry.ended(applied.ended.session);
    if (result.kind === 'session' && this.role === 'leading') {
      parts.expiry.began(session, this.ports.clock.monotonicMs());
    }
    if (result.kind === 'error' && result.error.code === 'SEQUENCE_GAP') {
      // Another leader's slot was lost before this one: the write comes again in its place.
      if (parts.outbox.hasEarlier(applied.tag)) return;
    }
    parts.outbox.settle(applied.tag, session, applied.number)?.done(result, applied.zxid);
    if (isEventLate) fireGateway(parts, applied);
  }

  private install(state: ZnodeState): void {
    const { parts } = this;
    assert(parts !== undefined, 'a snapshot was installed in a member that is not open');
    this.state = state;
    parts.paxos.installed(state.slot, state.configuration);
    this.decided = this.decided.filter(({ slot }) => slot > state.slot);
    parts.door.stateReplaced();
    parts.gateway?.stateReplaced();
    parts.memberSession.check(state);
    // The leader has taken these, and may have decided them unseen: `apply` tells them from new ones.
    if (this.streamBallot !== undefined) parts.outbox.beginStream(this.streamBallot);
    parts.confirmations.appliedUpTo(state.slot);
  }

  // ── Messages of members ─────────────────────────────────────────────────────────────────────────────────────

  private receive(payload: Uint8Array): void {
    const { parts } = this;
    if (parts === undefined) return;
    try {
      if (isMemberMessage(payload)) this.receiveMemberMessage(parts, decodeMemberMessage(payload));
      else parts.paxos.receive(decodeQuorumMessage(payload));
    } catch (error) {
      if (!(error instanceof MesozooError && error.code === 'BAD_REQUEST')) throw error;
      this.ports.log.warn('message of a member not readable', { reason: error.message });
    }
  }

  private receiveMemberMessage(parts: Parts, message: MemberMessage): void {
    if (message.from === this.member) return;
    switch (message.type) {
      case 'forward':
        this.receiveForward(parts, message);
        return;
      case 'resend':
        this.receiveResend(parts, message);
        return;
      case 'touched': {
        const nowMs = this.ports.clock.monotonicMs();
        if (this.role !== 'leading') return;
        for (const session of message.sessions) parts.expiry.touched(session, nowMs);
        return;
      }
      case 'readIndex':
        parts.confirmations.askedBy(message.from, message.id);
        return;
      case 'readIndexAnswer':
        parts.confirmations.answered(message.id, message.slot);
        return;
      case 'snapshotRead':
        parts.snapshots.serve(message);
        return;
      case 'snapshotPiece':
        parts.snapshots.receivePiece(message);
        return;
      case 'probe':
        return;
      case 'leaving':
        parts.paxos.leaderLeaves(message.ballot);
        return;
      case 'paceAsked':
      case 'paceTold':
      case 'foundSlow':
        parts.succession.receive(message);
        return;
      case 'clusterAsked':
        this.tellCluster(parts, message.from);
        return;
      case 'digestTold':
        parts.agreement.heard(message);
        return;
      case 'clusterTold':
        if (parts.log.identity.clusterId === '') parts.log.learnCluster(message.clusterId);
        return;
      case 'announced':
        parts.membership.heard(message);
        return;
      case 'reconfigAsked':
        parts.membership.receiveAsked(message);
        return;
      case 'reconfigRefused':
        parts.membership.receiveRefused(message);
        return;
      default:
        message satisfies never;
    }
  }

  private receiveForward(parts: Parts, forward: Forward): void {
    const { role, leaderBallot } = parts.paxos.status();
    if (role !== 'leading' || forward.ballot !== leaderBallot) return;
    // The core may have been elected within this turn, before anybody looked.
    this.followLeadership(parts);
    const taken = parts.inbox.take(forward);
    if (taken === undefined) return;
    const resend: Resend = {
      type: 'resend',
      from: this.member,
      stream: forward.stream,
      taken,
    };
    if (forward.from === this.member) this.receiveResend(parts, resend);
    else this.mail.send(forward.from, resend);
  }

  private receiveResend(parts: Parts, resend: Resend): void {
    const { leader } = parts.paxos.status();
    if (leader === undefined) return;
    for (const forward of parts.outbox.resend(resend)) this.sendForward(parts, leader, forward);
  }

  private tellCluster(parts: Parts, to: MemberId): void {
    const { clusterId } = parts.log.identity;
    if (clusterId !== '') this.mail.send(to, { type: 'clusterTold', from: this.member, clusterId });
  }

  // ── Operations ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Throws TOO_MANY_REQUESTS, PAYLOAD_TOO_LARGE. */
  private submit(operation: Omit<Operation, 'tag'>, done: OperationDone): void {
    assert(this.parts !== undefined, 'an operation came to a member that is not open');
    this.parts.outbox.submit(operation, done);
  }

  // ── Time ────────────────────────────────────────────────────────────────────────────────────────────────────

  private tickLater(): void {
    this.tickTimer = this.ports.clock.after(this.timing.heartbeatMs / 2, () => this.tick());
  }

  private tick(): void {
    const { parts } = this;
    if (parts === undefined) return;
    const nowMs = this.ports.clock.monotonicMs();
    this.attentiveMs += Math.min(nowMs - this.tickedMs, 2 * this.timing.heartbeatMs);
    this.tickedMs = nowMs;
    parts.paxos.tick(this.attentiveMs);
    const status = parts.paxos.status();
    if (status.leader !== undefined) this.contactMs = this.attentiveMs;
    parts.leaderWatch.look(status, this.attentiveMs);
    parts.succession.tick(nowMs);
    parts.membership.tick(nowMs);
    if (nowMs - this.housekeptMs >= this.timing.housekeepingMs) {
      this.housekeptMs = nowMs;
      this.housekeeping?.run(nowMs, this.isCurrent(parts));
    }
    this.tickLater();
  }

  /** Everything decided that this member has heard of is applied. */
  private isCurrent(parts: Parts): boolean {
    return this.decided.length === 0 && !parts.snapshots.isFetching;
  }

  // ── What others ask ─────────────────────────────────────────────────────────────────────────────────────────

  private tellState(delivery: Delivery): void {
    if (this.parts !== undefined)
      answerState(this.ports.transport, delivery, () => this.describe());
  }

  /** Of a member that is open. */
  describe(): ReturnType<typeof describeMember> {
    assert(this.parts !== undefined, 'the member is not open');
    return describeMember(this.member, this.parts, this.tree());
  }

  /** Undefined before the start and after the stop. */
  status(): PaxosStatus | undefined {
    return this.parts?.paxos.status();
  }

  /** It leads, or follows or observes one who does, and is not so far behind that it needs a snapshot. */
  isReady(): boolean {
    const { parts } = this;
    if (parts === undefined || parts.snapshots.isFetching) return false;
    const { role, leader } = parts.paxos.status();
    const isFollower = role === 'following' || role === 'observing';
    return role === 'leading' || (isFollower && leader !== undefined);
  }

  /** For the simulation's checkers: the tree as it is. */
  tree(): ZnodeState {
    assert(this.state !== undefined, 'the tree is read before the member is open');
    return this.state;
  }

  /** For the simulation: throws InvariantError. */
  invariants(): void {
    this.parts?.paxos.invariants();
  }
}

const NOTHING: readonly Applied[] = Object.freeze([]);

function fireGateway({ gateway }: Parts, { events }: Applied): void {
  if (gateway !== undefined) for (let at = 0; at < events.length; at++) gateway.fire(events[at]!);
}
