/**
 * Who the members are to be: what they say of themselves, and the requests of clients to change them.
 *
 * A request goes from the member that has it to the leader, which proposes a configuration or refuses. The asker hears
 * of the configuration by its entry, and answers when most of the new members have stored that and all before it: then
 * those who were left can be stopped.
 */
import { type ErrorCode, errorCatalogue, MesozooError } from '../../../protocol/errors.ts';
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import {
  type Configuration,
  type Identity,
  permissions,
  type QuorumMember,
} from '../../../protocol/operations.ts';
import { CONFIG_PATH } from '../../../protocol/paths.ts';
import type { Clock, Logger } from '../../actor.ts';
import type {
  Announced,
  MemberMessage,
  ReconfigAsked,
  ReconfigRefused,
} from '../member-messages.ts';
import type { Paxos } from '../paxos/contract.ts';
import { sameServers } from '../paxos/quorum.ts';
import { aclOf, allows } from '../znodes/acl.ts';
import type { ZnodeState } from '../znodes/contract.ts';
import { Announcements } from './announcements.ts';
import { type Servers, serversAfter, type WantedMembers, withAddresses } from './change.ts';
import { refuseNumbersOutOfRange } from './server-lines.ts';

export interface MembershipOptions {
  readonly member: MemberId;
  readonly disk: DiskId;
  /** As in a configuration (`QuorumMember`); empty where no client of ZooKeeper can connect. */
  readonly address: string;
  /** Names the requests of this run of the member. */
  readonly run: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly paxos: Paxos;
  readonly tree: () => ZnodeState;
  readonly send: (to: MemberId | 'all', message: MemberMessage) => void;
}

export interface Wanted extends WantedMembers {
  /** Zxid of the configuration that is to be changed; -1 for any. */
  readonly version: number;
  readonly identities: readonly Identity[];
}

/**
 * Called once, or never when the member stops before: without an error when the members are the wanted ones. An error
 * that is not definite leaves open whether they will be.
 */
export type ReconfigDone = (error: MesozooError | undefined) => void;

interface Asking {
  readonly message: ReconfigAsked;
  readonly done: ReconfigDone;
  readonly untilMs: number;
  isSent: boolean;
  decided: { readonly slot: Slot; readonly members: readonly QuorumMember[] } | undefined;
}

/** A request whose entry nobody has seen by then may still come to pass. */
const PATIENCE_MS = 10_000;
/** Whoever lacks more has to be waited for: until then the new members may be without a majority. */
const LAG_SLOTS_MAX = 10_000;
const REQUESTS_MAX = 64;

/** May read and write whatever it likes. */
const SUPER: readonly Identity[] = [{ scheme: 'super', id: '' }];

export class Membership {
  private readonly options: MembershipOptions;
  private readonly announcements = new Announcements();
  private readonly asking = new Map<string, Asking>();
  private asked = 0;
  /** At the leader: of others and its own. */
  private requests: ReconfigAsked[] = [];
  /** What the leader has proposed last, for a request. */
  private proposed: string | undefined;
  /** A configuration was applied here, and the others wait to hear that it is stored. */
  private owedSlot: Slot | undefined;

  constructor(options: MembershipOptions) {
    this.options = options;
  }

  // ── What members say ────────────────────────────────────────────────────────────────────────────────────────

  /** Now and then. */
  housekeep(nowMs: number): void {
    this.announce(nowMs);
    this.settle(nowMs);
    this.sendAsked();
    this.improveAddresses(nowMs);
  }

  /** Often: others may wait for what this member has stored. */
  tick(nowMs: number): void {
    const { paxos } = this.options;
    if (this.owedSlot === undefined || paxos.status().storedUpTo < this.owedSlot) return;
    this.owedSlot = undefined;
    this.announce(nowMs);
  }

  heard(message: Announced): void {
    const nowMs = this.options.clock.monotonicMs();
    this.announcements.hear(message, nowMs);
    this.settle(nowMs);
  }

  /** By what the member has said lately: who lacks much is connected, but not synced. */
  presenceOf(member: MemberId): { readonly isConnected: boolean; readonly isSynced: boolean } {
    const { paxos, clock } = this.options;
    const heard = this.announcements.of(member, clock.monotonicMs());
    const needed = paxos.status().decidedUpTo - LAG_SLOTS_MAX;
    const isSynced = heard !== undefined && heard.storedUpTo >= needed;
    return { isConnected: heard !== undefined, isSynced };
  }

  private announce(nowMs: number): void {
    const { member: from, disk, address, paxos, send } = this.options;
    const { storedUpTo } = paxos.status();
    this.announcements.hear({ from, disk, address, storedUpTo }, nowMs);
    send('all', { type: 'announced', from, disk, address, storedUpTo });
    this.settle(nowMs);
  }

  /** The leader tells clients where the members are, as soon as it knows it of all. */
  private improveAddresses(nowMs: number): void {
    const { paxos, clock, log } = this.options;
    if (!this.mayPropose()) return;
    const better = withAddresses(paxos.status().configuration, (id) => {
      const address = this.announcements.of(id, nowMs)?.address;
      return address === '' ? undefined : address;
    });
    if (better === undefined) return;
    log.info('addresses of members known', { ...better });
    this.propose({ ...better, wallMs: Math.floor(clock.wallMs()) });
  }

  // ── At the member that was asked ────────────────────────────────────────────────────────────────────────────

  /** Throws TOO_MANY_REQUESTS. */
  ask({ version, identities, joining, leaving, newMembers }: Wanted, done: ReconfigDone): void {
    const { member: from, run, clock, tree } = this.options;
    if (this.asking.size >= REQUESTS_MAX)
      throw new MesozooError('TOO_MANY_REQUESTS', 'many ask for other members: send again later');
    this.asked += 1;
    const request = `${from}-${run}-${this.asked}`;
    const wanted = { joining, leaving, newMembers, version, identities };
    this.asking.set(request, {
      message: { type: 'reconfigAsked', from, request, ...wanted, after: tree().slot },
      done,
      untilMs: clock.monotonicMs() + PATIENCE_MS,
      isSent: false,
      decided: undefined,
    });
    this.sendAsked();
  }

  private sendAsked(): void {
    const { member, paxos, send } = this.options;
    const { leader } = paxos.status();
    if (leader === undefined) return;
    for (const asking of this.asking.values()) {
      if (asking.isSent) continue;
      asking.isSent = true;
      if (leader === member) this.receiveAsked(asking.message);
      else send(leader, asking.message);
    }
  }

  receiveRefused({ request, code, reason }: Pick<ReconfigRefused, 'request' | 'code' | 'reason'>) {
    const asking = this.asking.get(request);
    if (asking === undefined) return;
    // Nothing was proposed, so another leader may be asked.
    if (code === 'NOT_LEADER') asking.isSent = false;
    else this.finish(asking, new MesozooError(errorCode(code), reason));
  }

  /** A configuration was applied here. */
  applied(slot: Slot, { request, members }: Configuration): void {
    this.owedSlot = slot;
    const asking = request === undefined ? undefined : this.asking.get(request);
    if (asking !== undefined) asking.decided = { slot, members };
  }

  private settle(nowMs: number): void {
    for (const asking of this.asking.values()) {
      const { decided, untilMs } = asking;
      if (
        decided !== undefined &&
        this.announcements.isStored(decided.members, decided.slot, nowMs)
      )
        this.finish(asking, undefined);
      else if (nowMs >= untilMs)
        this.finish(asking, new MesozooError('TIMEOUT', 'the members may yet be changed'));
    }
  }

  private finish({ message, done }: Asking, error: MesozooError | undefined): void {
    this.asking.delete(message.request);
    done(error);
  }

  // ── At the leader ───────────────────────────────────────────────────────────────────────────────────────────

  receiveAsked(message: ReconfigAsked): void {
    if (this.requests.length < REQUESTS_MAX) this.requests.push(message);
    else this.refuse(message, 'TOO_MANY_REQUESTS', 'many ask for other members');
  }

  /** In each turn. */
  decideRequests(): void {
    if (this.requests.length === 0) return;
    const requests = this.requests;
    this.requests = [];
    for (const message of requests) if (!this.decide(message)) this.requests.push(message);
  }

  /** False while it has to wait. */
  private decide(message: ReconfigAsked): boolean {
    const { paxos, tree, log, clock } = this.options;
    const { role, isReconfiguring } = paxos.status();
    if (role !== 'leading') {
      this.refuse(message, 'NOT_LEADER', 'another member leads');
      return true;
    }
    if (isReconfiguring && this.proposed !== undefined) {
      this.refuse(message, 'RECONFIG_IN_PROGRESS', 'other members have been proposed');
      return true;
    }
    if (tree().slot < message.after || !this.mayPropose()) return false;
    try {
      const servers = this.validated(message);
      log.info('members proposed', { ...servers, request: message.request });
      const wallMs = Math.floor(clock.wallMs());
      this.propose({ ...servers, wallMs, request: message.request });
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      this.refuse(message, error.code, error.message);
    }
    return true;
  }

  /** The checks are in ZooKeeper's order (PrepRequestProcessor), for the sake of the first error. */
  private validated(message: ReconfigAsked): Servers {
    const { paxos, tree, clock } = this.options;
    const { configuration, decidedUpTo } = paxos.status();
    const state = tree();
    const version = state.exists(CONFIG_PATH)?.mzxid;
    if (message.version !== -1 && message.version !== version)
      throw new MesozooError('BAD_VERSION', `the members are those of version ${version}`);
    const nowMs = clock.monotonicMs();
    const servers = serversAfter(
      configuration,
      message,
      (id) => this.announcements.of(id, nowMs)?.disk,
    );
    this.checkConnected(configuration, servers.members, decidedUpTo - LAG_SLOTS_MAX, nowMs);
    const { acl } = state.acl(CONFIG_PATH, SUPER);
    if (!allows(aclOf(acl), permissions.write, message.identities))
      throw new MesozooError('NO_AUTH', `the ACL of ${CONFIG_PATH} does not allow to write it`);
    refuseNumbersOutOfRange([...servers.members, ...(servers.observers ?? [])]);
    return servers;
  }

  /** Of those who are to vote: an observer that is not there holds nobody up. */
  private checkConnected(
    { members: present }: Configuration,
    members: readonly QuorumMember[],
    slot: number,
    nowMs: number,
  ): void {
    const joining = members.filter(({ id }) => !present.some((member) => member.id === id));
    const behind = joining.find((member) => !this.announcements.isStored([member], slot, nowMs));
    if (behind !== undefined)
      throw new MesozooError('NEW_CONFIG_NO_QUORUM', `member ${behind.id} is far behind`);
    if (!this.announcements.isStored(members, slot, nowMs))
      throw new MesozooError('NEW_CONFIG_NO_QUORUM', 'not most of the members are connected');
  }

  /** The members that were decided last are those that this member has applied, and no others are under way. */
  private mayPropose(): boolean {
    const { paxos, tree } = this.options;
    const { role, isReconfiguring, configuration } = paxos.status();
    if (role !== 'leading' || isReconfiguring || paxos.room() === 0) return false;
    return sameServers(tree().configuration, configuration) && tree().slot > 0;
  }

  private propose(configuration: Configuration): void {
    if (this.options.paxos.propose({ kind: 'configuration', configuration }))
      this.proposed = configuration.request;
  }

  private refuse({ from, request }: ReconfigAsked, code: ErrorCode, reason: string): void {
    const { member, send } = this.options;
    const refusal = { type: 'reconfigRefused', from: member, request, code, reason } as const;
    if (from === member) this.receiveRefused(refusal);
    else send(from, refusal);
  }
}

/** Of another member, whose version may know others. */
function errorCode(code: string): ErrorCode {
  return Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : 'INTERNAL';
}
