/**
 * ZooKeeper's wire protocol at one member: the same tree, sessions, watches and ACLs as over NATS, for clients that
 * were written for ZooKeeper.
 */
import type { SessionId, Zxid } from '../../../protocol/ids.ts';
import type { TreeEvent } from '../../../protocol/operations.ts';
import type {
  Clock,
  Gss,
  Http,
  Logger,
  Random,
  Tcp,
  TcpAddress,
  TcpConnection,
} from '../../actor.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { Quorum } from '../door/quorum.ts';
import { mayHear } from '../znodes/acl.ts';
import type { Applied } from '../znodes/contract.ts';
import { createWatchTable } from '../znodes/watches.ts';
import { answerHttp, type HttpPages } from './admin/http.ts';
import { ClientConnection } from './connection.ts';
import { ConnectionThrottle } from './connection-throttle.ts';
import { Counts } from './counts.ts';
import { DigestLog } from './digest-log.ts';
import { eventTypes } from './opcodes.ts';
import { RequestGate, requestsMax } from './request-gate.ts';
import { SaslExchange } from './sasl/exchange.ts';
import { type MemberFacts, type ProcessFacts, serverReport } from './server-report.ts';
import type { GatewaySettings, HttpSettings } from './settings.ts';
import { Tally } from './tally.ts';
import { answerWord } from './words/answer.ts';
import { type FourLetterWord, isFourLetterWord } from './words/names.ts';
import type { ServerReport } from './words/report.ts';

export interface GatewayOptions {
  readonly tcp: Tcp;
  /** Absent where nobody asks for pages. */
  readonly http?: Http | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly quorum: Quorum;
  readonly settings: GatewaySettings;
  readonly host: string;
  readonly port: number;
  readonly process: ProcessFacts;
  readonly facts: () => MemberFacts;
  /** Absent where no client proves itself with Kerberos. */
  readonly gss?: Gss | undefined;
  /** Names and passwords of SASL; absent where there are none. */
  readonly saslUsers?: ReadonlyMap<string, string> | undefined;
  readonly planted?: PlantedBugs | undefined;
}

/** Without a leader for so long the clients are sent away: another member may have one. */
const PATIENCE_MS = 1500;

export class Gateway {
  readonly watches = createWatchTable();
  readonly connections = new Set<ClientConnection>();
  private readonly options: GatewayOptions;
  private readonly sessions = new Map<SessionId, ClientConnection>();
  private readonly byAddress = new Map<string, number>();
  private touched: ClientConnection[] = [];
  private listeners: { close(): void }[] = [];
  private contactMs = 0;
  private startedMs = 0;
  private silentCheckedMs = 0;
  private gate: RequestGate | undefined;
  private throttle: ConnectionThrottle | undefined;
  readonly latencyMs = new Tally();
  readonly responseBytes = new Tally();
  readonly digests = new DigestLog();
  readonly counts = new Counts();
  /** That of a ZooKeeper that was told none: there is nothing here that it would change. */
  traceMask = 306n;
  received = 0;
  sent = 0;

  constructor(options: GatewayOptions) {
    this.options = options;
  }

  start(): void {
    const { host, port, clock } = this.options;
    this.contactMs = clock.monotonicMs();
    this.startedMs = this.contactMs;
    const { settings, random } = this.options;
    const max = requestsMax(settings, this.options.facts().members.length);
    this.gate = new RequestGate(max, () => this.outstanding);
    if (settings.connectionThrottle !== undefined)
      this.throttle = new ConnectionThrottle(settings.connectionThrottle, clock, random);
    const { admin, metrics, secure, clientPortListenBacklog: backlog } = this.options.settings;
    this.listen({ host, port, backlog, tls: secure?.isUnified === true ? 'offered' : undefined });
    if (secure?.port !== undefined)
      this.listen({ host: secure.address ?? host, port: secure.port, backlog, tls: 'needed' });
    if (admin !== undefined) this.serve(admin, admin.path, '/metrics');
    if (metrics !== undefined) this.serve(metrics, undefined, metrics.path);
  }

  /** Nobody connects any more; each connection ends once what it has asked is answered. */
  leave(): void {
    for (const listener of this.listeners.splice(0)) listener.close();
    for (const connection of [...this.connections]) connection.leave();
  }

  stop(): void {
    this.closeAll();
  }

  /** Once a turn: what was answered leaves, and who waited for room reads on. */
  flush(): void {
    this.gate?.endTurn();
    const touched = this.touched;
    this.touched = [];
    for (const connection of touched) connection.flush();
  }

  sweep(): void {
    const nowMs = this.options.clock.monotonicMs();
    const isInContact = this.options.quorum.isInContact();
    if (isInContact) this.contactMs = nowMs;
    // What was let in to read goes to where it can write; what wants to write looks for a member that can.
    if (isInContact || !this.isInQuorum())
      this.closeAll((one) => one.isReadOnly === isInContact && one.state !== 'greeting');
    this.closeSilent(nowMs);
    this.counts.timePasses(nowMs);
  }

  /** Whoever connects and does not begin a session has another purpose. */
  private closeSilent(nowMs: number): void {
    const { sessionlessTimeoutMs } = this.options.settings;
    if (nowMs - this.silentCheckedMs < sessionlessTimeoutMs / 10) return;
    this.silentCheckedMs = nowMs;
    for (const connection of [...this.connections])
      if (connection.state === 'greeting' && nowMs - connection.acceptedMs > sessionlessTimeoutMs)
        connection.close();
  }

  /** Watchers are told before anything is answered that shows what they watch for. */
  fire(event: TreeEvent): void {
    const told = this.watches.fire(event, this.hears);
    for (let at = 0; at < told.length; at++) {
      const id = told[at]!;
      this.sessions.get(id)?.notify(eventTypes[event.type], event.path);
    }
  }

  private readonly hears = (id: SessionId, event: TreeEvent): boolean => {
    const identities = this.sessions.get(id)?.identities;
    return identities !== undefined && mayHear(event, identities);
  };

  /** After each slot, with the zxid before it. */
  applied(before: Zxid): void {
    const state = this.options.quorum.state();
    this.digests.applied(before, state.zxid, () => state.digest());
  }

  ended({ session, incarnation }: NonNullable<Applied['ended']>): void {
    const connection = this.sessions.get(session);
    if (connection === undefined || connection.incarnation > incarnation) return;
    this.forget(connection);
    // One that closes its own session has its reply to come.
    if (connection.state !== 'closing') connection.close();
  }

  /** The state has jumped: nobody can say which watches should have fired, so the clients come back and look again. */
  stateReplaced(): void {
    this.closeAll();
  }

  private listen(address: TcpAddress): void {
    const { tcp, log } = this.options;
    this.listeners.push(
      tcp.listen(
        address,
        (connection) => this.accept(connection),
        (reason) => log.error('gateway cannot listen', { ...address, reason }),
      ),
    );
  }

  /** Pages are of less use than the service: one whose port is taken is missed, and nothing else. */
  private serve(
    { address, port }: HttpSettings,
    commandUrl: string | undefined,
    metricsUrl: string,
  ): void {
    const { http, log } = this.options;
    if (http === undefined) return;
    const host = address ?? this.options.host;
    const pages: HttpPages = {
      ...{ commandUrl, metricsUrl },
      report: () => this.report(),
      setTraceMask: (mask) => {
        this.traceMask = mask;
      },
      reset: (what) => (what === 'statistics' ? this.resetStatistics() : this.resetConnections()),
    };
    this.listeners.push(
      http.listen(
        { host, port },
        (request, reply) => reply(answerHttp(request, pages)),
        (reason) => log.warn('pages cannot be served', { host, port, reason }),
      ),
    );
  }

  private accept(tcp: TcpConnection): ClientConnection {
    const { quorum, settings, random, log, clock, planted, gss, saslUsers: users } = this.options;
    const connection = new ClientConnection({
      tcp,
      quorum,
      settings,
      random,
      clock,
      log,
      watches: this.watches,
      word: (word) => this.word(word),
      heard: () => {
        this.received += 1;
        this.gate?.heard();
      },
      hasRoom: () => this.gate?.hasRoom() ?? true,
      authFailed: () => {
        this.counts.authFailed += 1;
      },
      admits: (isRenewal) => this.admits(isRenewal),
      planted,
      wrote: (bytes) => this.responseBytes.add(bytes),
      answered: (latencyMs, isWrite) => {
        this.sent += 1;
        this.latencyMs.add(latencyMs);
        this.counts.answered(latencyMs, isWrite);
      },
      beginSasl: () => new SaslExchange({ settings, users, gss, random }),
      touched: (one) => this.touched.push(one),
      opened: (one) => this.sessions.set(one.session, one),
      closed: (one) => this.closed(one),
    });
    const { remoteAddress } = tcp;
    const fromThere = (this.byAddress.get(remoteAddress) ?? 0) + 1;
    this.byAddress.set(remoteAddress, fromThere);
    this.connections.add(connection);
    const { maxClientConnections, maxConnections } = settings;
    const tooMany =
      (maxClientConnections > 0 && fromThere > maxClientConnections) ||
      (maxConnections > 0 && this.connections.size > maxConnections) ||
      !this.isServing();
    if (tooMany) {
      this.counts.connectionsRejected += 1;
      connection.abort();
    }
    return connection;
  }

  private admits(isRenewal: boolean): boolean {
    this.counts.sessionsAsked += 1;
    const isAdmitted = this.throttle?.admits(isRenewal) ?? true;
    if (!isAdmitted) this.counts.sessionsDropped += 1;
    return isAdmitted;
  }

  /** Requests that were taken and not answered. */
  get outstanding(): number {
    let sum = 0;
    for (const connection of this.connections) sum += connection.outstanding;
    return sum;
  }

  /** Everything that can be told about this member. */
  report(): ServerReport {
    const { quorum, facts, process, settings, host, port, clock } = this.options;
    return serverReport({
      ...{ gateway: this, member: quorum.member, facts: facts(), process, settings, host, port },
      ...{ clock, state: quorum.state(), isServing: this.isServing(), startedMs: this.startedMs },
    });
  }

  private word(word: string): string | undefined {
    if (!isFourLetterWord(word)) return undefined;
    const { fourLetterWords } = this.options.settings;
    const answer = answerWord(word, fourLetterWords, this.report());
    if (fourLetterWords.includes(word)) this.reset(word);
    return answer;
  }

  private reset(word: FourLetterWord): void {
    if (word === 'srst') this.resetStatistics();
    else if (word === 'crst') this.resetConnections();
  }

  private resetStatistics(): void {
    this.latencyMs.reset();
    this.responseBytes.reset();
    this.received = 0;
    this.sent = 0;
  }

  private resetConnections(): void {
    for (const connection of this.connections) connection.statistics.reset();
  }

  private isInQuorum(): boolean {
    return this.options.clock.monotonicMs() - this.contactMs <= PATIENCE_MS;
  }

  private isServing(): boolean {
    return this.options.settings.readOnlyModeEnabled || this.isInQuorum();
  }

  private closed(connection: ClientConnection): void {
    this.connections.delete(connection);
    const { remoteAddress } = connection.options.tcp;
    const left = (this.byAddress.get(remoteAddress) ?? 1) - 1;
    if (left === 0) this.byAddress.delete(remoteAddress);
    else this.byAddress.set(remoteAddress, left);
    this.forget(connection);
  }

  private forget(connection: ClientConnection): void {
    if (this.sessions.get(connection.session) !== connection) return;
    this.sessions.delete(connection.session);
    this.watches.removeSession(connection.session);
  }

  private closeAll(which: (connection: ClientConnection) => boolean = () => true): void {
    for (const connection of [...this.connections]) if (which(connection)) connection.close();
  }
}
