/**
 * ZooKeeper's wire protocol at one member: the same tree, sessions, watches and ACLs as over NATS, for clients that
 * were written for ZooKeeper.
 */
import type { SessionId } from '../../../protocol/ids.ts';
import type { TreeEvent } from '../../../protocol/operations.ts';
import type { Clock, Logger, Random, Tcp, TcpConnection } from '../../actor.ts';
import type { Quorum } from '../door/quorum.ts';
import { mayHear } from '../znodes/acl.ts';
import type { Applied } from '../znodes/contract.ts';
import { createWatchTable } from '../znodes/watches.ts';
import { ClientConnection } from './connection.ts';
import { eventTypes } from './opcodes.ts';
import { type MemberFacts, type ProcessFacts, serverReport } from './server-report.ts';
import type { GatewaySettings } from './settings.ts';
import { Tally } from './tally.ts';
import { answerWord } from './words/answer.ts';
import { type FourLetterWord, isFourLetterWord } from './words/names.ts';
import type { ServerReport } from './words/report.ts';

export interface GatewayOptions {
  readonly tcp: Tcp;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly quorum: Quorum;
  readonly settings: GatewaySettings;
  readonly host: string;
  readonly port: number;
  readonly process: ProcessFacts;
  readonly facts: () => MemberFacts;
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
  private listener: { close(): void } | undefined;
  private contactMs = 0;
  private startedMs = 0;
  readonly latencyMs = new Tally();
  readonly responseBytes = new Tally();
  received = 0;
  sent = 0;

  constructor(options: GatewayOptions) {
    this.options = options;
  }

  start(): void {
    const { tcp, host, port, clock } = this.options;
    this.contactMs = clock.monotonicMs();
    this.startedMs = this.contactMs;
    this.listener = tcp.listen(
      { host, port },
      (connection) => this.accept(connection),
      (reason) => this.options.log.error('gateway cannot listen', { host, port, reason }),
    );
  }

  stop(): void {
    this.listener?.close();
    this.closeAll();
  }

  /** Once a turn: what was answered leaves, and who waited for room reads on. */
  flush(): void {
    const touched = this.touched;
    this.touched = [];
    for (const connection of touched) connection.flush();
  }

  sweep(): void {
    const nowMs = this.options.clock.monotonicMs();
    if (this.options.quorum.isInContact()) this.contactMs = nowMs;
    else if (nowMs - this.contactMs > PATIENCE_MS) this.closeAll();
  }

  /** Watchers are told before anything is answered that shows what they watch for. */
  fire(event: TreeEvent): void {
    const hears = (id: SessionId) => {
      const identities = this.sessions.get(id)?.identities;
      return identities !== undefined && mayHear(event, identities);
    };
    for (const id of this.watches.fire(event, hears))
      this.sessions.get(id)?.notify(eventTypes[event.type], event.path);
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

  private accept(tcp: TcpConnection): ClientConnection {
    const { quorum, settings, random, log, clock } = this.options;
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
      },
      wrote: (bytes) => this.responseBytes.add(bytes),
      answered: (latencyMs) => {
        this.sent += 1;
        this.latencyMs.add(latencyMs);
      },
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
    if (tooMany) connection.abort();
    return connection;
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
    if (word === 'srst') {
      this.latencyMs.reset();
      this.responseBytes.reset();
      this.received = 0;
      this.sent = 0;
    } else if (word === 'crst') {
      for (const connection of this.connections) connection.resetStatistics();
    }
  }

  private isServing(): boolean {
    return this.options.clock.monotonicMs() - this.contactMs <= PATIENCE_MS;
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

  private closeAll(): void {
    for (const connection of [...this.connections]) connection.close();
  }
}
