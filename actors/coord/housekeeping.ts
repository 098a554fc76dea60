/**
 * What a member does now and then: deadlines, what was sent and not answered, sessions that were heard of or not, and
 * whether it takes a share of the requests.
 */
import type { MemberId, SessionId } from '../../protocol/ids.ts';
import { treePaths } from '../../protocol/paths.ts';
import type { Ports } from '../actor.ts';
import { digestIdentity, NOBODY } from './door/credentials.ts';
import type { Forward, MemberMessage } from './member-messages.ts';
import type { CoordTiming } from './options.ts';
import type { Parts } from './parts.ts';
import type { PaxosStatus } from './paxos/contract.ts';
import { missingSystemNodes } from './system-tree.ts';
import type { ZnodeState } from './znodes/contract.ts';
import { encodeOperation } from './znodes/operation-codec.ts';

export interface HousekeepingOptions {
  readonly ports: Ports;
  readonly member: MemberId;
  readonly systemDigest: string;
  readonly timing: CoordTiming;
  readonly parts: Parts;
  readonly tree: () => ZnodeState;
  readonly send: (to: MemberId, message: MemberMessage) => void;
  readonly sendForward: (leader: MemberId, forward: Forward) => void;
  /** The member does not know which cluster it has joined. */
  readonly askCluster: () => void;
}

/** Removed in one check: the next one goes on. */
const STALE_PER_CHECK = 2000;
/** However long their paths are, one write can hold so many. */
const STALE_PER_WRITE = 100;
/** Ids in one message. */
const SESSIONS_PER_REPORT = 10_000;

export class Housekeeping {
  private readonly options: HousekeepingOptions;
  private readonly touched = new Set<SessionId>();
  private makingSystemTree = false;
  private staleCheckedMs = Number.NEGATIVE_INFINITY;
  private usefulMs = Number.NEGATIVE_INFINITY;

  constructor(options: HousekeepingOptions) {
    this.options = options;
  }

  /** A session was heard of. */
  touch(session: SessionId): void {
    this.touched.add(session);
  }

  /** `isCurrent`: everything decided is applied, and no snapshot is needed. */
  run(nowMs: number, isCurrent: boolean): void {
    const { parts, sendForward, askCluster } = this.options;
    const status = parts.paxos.status();
    const { leader, role } = status;
    parts.door.sweep();
    parts.gateway?.sweep();
    parts.log.flushLazily();
    parts.confirmations.resend(nowMs);
    parts.membership.housekeep(nowMs);
    const mayWrite = leader !== undefined && role !== 'catchingUp' && !parts.outbox.isFull();
    if (mayWrite) parts.memberSession.ensure();
    if (leader !== undefined) {
      const probe = parts.outbox.probe();
      if (probe !== undefined) sendForward(leader, probe);
      this.reportTouched(leader, nowMs);
    }
    if (role === 'leading') {
      this.expireSessions(nowMs);
      if (mayWrite) {
        this.makeSystemTree();
        this.removeStale(nowMs);
      }
    }
    if (parts.log.identity.clusterId === '') askCluster();
    this.offerOrWithdraw(status, nowMs, isCurrent);
  }

  private reportTouched(leader: MemberId, nowMs: number): void {
    if (this.touched.size === 0) return;
    const { member, parts, send } = this.options;
    const sessions = [...this.touched];
    this.touched.clear();
    if (leader === member) {
      for (const session of sessions) parts.expiry.touched(session, nowMs);
      return;
    }
    for (let start = 0; start < sessions.length; start += SESSIONS_PER_REPORT) {
      const some = sessions.slice(start, start + SESSIONS_PER_REPORT);
      send(leader, { type: 'touched', from: member, sessions: some });
    }
  }

  private expireSessions(nowMs: number): void {
    const { parts, ports, tree } = this.options;
    for (const { id, incarnation } of parts.expiry.due(tree(), nowMs)) {
      ports.log.info('session expired', { session: id });
      parts.inbox.push(
        encodeOperation({
          session: id,
          incarnation,
          number: 0,
          tag: parts.outbox.takeTag(),
          identities: [],
          body: { kind: 'closeSession', expired: true },
        }),
      );
    }
  }

  private makeSystemTree(): void {
    const { parts, ports, tree, systemDigest } = this.options;
    if (this.makingSystemTree || !parts.memberSession.isOpen) return;
    const operations = missingSystemNodes(tree(), systemDigest);
    if (operations.length === 0) return;
    this.makingSystemTree = true;
    const identities = [digestIdentity(systemDigest)];
    parts.memberSession.write({ kind: 'multi', operations }, identities, (result) => {
      this.makingSystemTree = false;
      if (result.kind === 'error') ports.log.warn('system tree not made', { error: result.error });
      else ports.log.info('system tree made', { nodes: operations.length });
    });
  }

  /** Whether a node still is not needed is found anew when the write is applied. */
  private removeStale(nowMs: number): void {
    const { parts, ports, tree, timing } = this.options;
    if (nowMs - this.staleCheckedMs < timing.containerCheckIntervalMs) return;
    if (!parts.memberSession.isOpen) return;
    this.staleCheckedMs = nowMs;
    const paths = tree().stale(ports.clock.wallMs(), STALE_PER_CHECK);
    for (let start = 0; start < paths.length; start += STALE_PER_WRITE) {
      const some = paths.slice(start, start + STALE_PER_WRITE);
      const operations = some.map((path) => ({ kind: 'removeStale', path }) as const);
      parts.memberSession.write({ kind: 'multi', operations }, NOBODY, (result) => {
        if (result.kind === 'error')
          ports.log.warn('unneeded nodes not removed', { error: result.error });
      });
    }
  }

  /** A member that is cut off must not take a share of the requests. */
  private offerOrWithdraw(status: PaxosStatus, nowMs: number, isCurrent: boolean): void {
    const { role, leader, isFetching } = status;
    const { parts, ports, tree, timing } = this.options;
    const { door, memberSession } = parts;
    if (door.isLeaving) return;
    const isUseful =
      leader !== undefined &&
      (role === 'leading' || role === 'following' || role === 'observing') &&
      isCurrent &&
      memberSession.isOpen &&
      (door.isOffered || (!isFetching && tree().exists(treePaths.root) !== undefined));
    if (isUseful) {
      this.usefulMs = nowMs;
      if (!door.isOffered) ports.log.info('requests taken');
      door.offer();
    } else if (door.isOffered && nowMs - this.usefulMs >= timing.withdrawAfterMs) {
      ports.log.warn('requests no longer taken', { role });
      door.withdraw();
    }
  }
}
