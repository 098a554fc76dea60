/**
 * The master: one of several, of which one leads. Its chart (machines/master.ts) owns where it stands; a leadership
 * is a Term (term.ts). This file joins the session with the quorum, the election and the chart.
 */
import { masterMachine } from '../../machines/master.ts';
import type { Epoch } from '../../protocol/ids.ts';
import { treePaths } from '../../protocol/paths.ts';
import type { Actor, Ports } from '../actor.ts';
import type { Election } from '../coord/client/contract.ts';
import { SessionElection } from '../coord/client/election.ts';
import { SessionClient } from '../coord/client/session-client.ts';
import { systemAcl } from '../coord/client/system-acl.ts';
import { Lifecycle } from '../lifecycle.ts';
import { masterInfo } from './master-info.ts';
import { defaultTiming, type MasterOptions } from './options.ts';
import { awaitSystemTree } from './system-tree.ts';
import { Term } from './term.ts';

export type { MasterOptions } from './options.ts';

/** Between two looks whether what was under way is answered. */
const LEAVE_LOOK_MS = 10;

export class MasterActor implements Actor {
  private readonly ports: Ports;
  private readonly options: MasterOptions;
  private readonly client: SessionClient;
  private readonly election: Election;
  private readonly tickMs: number;
  private readonly leavePatienceMs: number;
  private lifecycle: Lifecycle<typeof masterMachine> | undefined;
  /** What the chart's actions ask for is done when the chart has come to rest: a term has charts of its own. */
  private readonly effects: (() => void)[] = [];
  private sending = false;
  private candidate: ConstructorParameters<typeof Term>[0]['candidate'] | undefined;
  private term: Term | undefined;
  /** Counts candidacies: what belongs to a former one has no effect. */
  private candidacy = 0;

  constructor(ports: Ports, options: MasterOptions) {
    const { cluster, digest, masterId } = options;
    const timing = { ...defaultTiming, ...options.timing };
    this.ports = { ...ports, log: ports.log.child({ masterId }) };
    this.options = options;
    this.tickMs = timing.tickMs;
    this.leavePatienceMs = timing.leavePatienceMs;
    // Never reopened by itself: a leadership belongs to one session.
    this.client = new SessionClient(this.ports, {
      cluster,
      digest,
      timeoutMs: timing.sessionTimeoutMs,
      timing: { pingIntervalMs: timing.sessionPingIntervalMs },
      reopen: false,
    });
    this.election = new SessionElection(this.client, this.ports, {
      parent: treePaths.masters,
      prefix: treePaths.masterPrefix,
      acl: systemAcl(digest),
      marginMs: timing.leadMarginMs,
    });
    this.client.onState((state) => {
      if (state === 'connected') this.offer({ type: 'SESSION_CONNECTED' });
      if (state === 'expired') this.offer({ type: 'SESSION_EXPIRED' });
    });
  }

  start(): void {
    this.lifecycle = new Lifecycle(
      masterMachine.provide({
        actions: {
          openSession: () => this.effect(() => this.openSession()),
          enterElection: () => this.effect(() => this.enterElection()),
          beginTerm: () => this.effect(() => this.beginTerm()),
          endTerm: () => this.effect(() => this.endTerm()),
          abandonSession: () => this.effect(() => this.abandonSession()),
          offerEndpoints: () => this.effect(() => this.term?.door.offer()),
          withdrawEndpoints: () => this.effect(() => this.term?.door.withdraw()),
        },
      }),
      {
        id: `master.${this.options.masterId}`,
        clock: this.ports.clock,
        inspection: this.ports.inspection,
      },
    );
    this.watchQuorum();
  }

  endTurn(): void {
    this.term?.endTurn();
  }

  /** Nothing new is taken; what is under way is answered first, so that its clients need not wonder what became of it. */
  stop(done: () => void): void {
    const { term } = this;
    term?.door.leave();
    const untilMs = this.ports.clock.monotonicMs() + this.leavePatienceMs;
    const look = () => {
      const isWaiting = this.term !== undefined && this.term === term && !term.door.isIdle;
      if (isWaiting && this.ports.clock.monotonicMs() < untilMs) {
        this.ports.clock.after(LEAVE_LOOK_MS, look);
        return;
      }
      this.offer({ type: 'STOPPED' });
      // The session's end takes the candidate with it, and another master leads at once.
      this.client.close(done);
    };
    look();
  }

  /** For status lines and tests: the chart's state. */
  state(): string {
    return this.lifecycle?.state() ?? 'connecting';
  }

  /** Of the present leadership. */
  epoch(): Epoch | undefined {
    return this.term?.epoch;
  }

  /** Throws InvariantError when something that must always hold does not. */
  invariants(): void {
    this.term?.invariants();
  }

  /** The event must be possible. */
  private send(event: Parameters<Lifecycle<typeof masterMachine>['send']>[0]): void {
    this.sending = true;
    this.lifecycle!.send(event);
    this.carryOut();
  }

  /** The event may rightly come too late. */
  private offer(event: Parameters<Lifecycle<typeof masterMachine>['send']>[0]): void {
    if (this.lifecycle === undefined) return;
    this.sending = true;
    this.lifecycle.offer(event);
    this.carryOut();
  }

  private effect(run: () => void): void {
    this.effects.push(run);
    // The chart moved by itself: its first state, or a delay that has passed.
    if (!this.sending) this.carryOut();
  }

  private carryOut(): void {
    this.sending = false;
    for (let run = this.effects.shift(); run !== undefined; run = this.effects.shift()) run();
  }

  private openSession(): void {
    const { client } = this;
    if (client.state === 'closed' || client.state === 'expired') client.open();
    else
      client.close(() => {
        if (this.lifecycle?.matches('connecting')) client.open();
      });
  }

  private abandonSession(): void {
    this.candidacy += 1;
    if (this.client.state !== 'closed' && this.client.state !== 'expired') this.client.close();
  }

  private enterElection(): void {
    const candidacy = ++this.candidacy;
    const isCurrent = () => this.candidacy === candidacy;
    awaitSystemTree(this.client, this.ports, isCurrent, () => {
      this.election.enter(masterInfo(this.options), {
        elected: (candidate) => {
          if (!isCurrent()) return;
          this.candidate = candidate;
          this.send({ type: 'ELECTED' });
        },
        deposed: () => {
          if (isCurrent()) this.offer({ type: 'DEPOSED' });
        },
      });
    });
  }

  private beginTerm(): void {
    this.term = new Term({
      ports: this.ports,
      options: this.options,
      client: this.client,
      candidate: this.candidate!,
      mayLead: () => this.election.mayLead(),
      recovered: () => this.send({ type: 'RECOVERED' }),
      failed: (why) => {
        this.ports.log.error('leadership lost', { why });
        this.offer({ type: 'DEPOSED' });
      },
    });
    this.term.start();
  }

  private endTerm(): void {
    this.term?.end();
    this.term = undefined;
  }

  /** Endpoints are withdrawn while the quorum is silent; each request is checked as well (see Door). */
  private watchQuorum(): void {
    this.ports.clock.after(this.tickMs, () => {
      if (this.lifecycle?.isDone()) return;
      const type = this.election.mayLead() ? 'QUORUM_HEARD' : 'QUORUM_SILENT';
      this.offer({ type });
      this.watchQuorum();
    });
  }
}
