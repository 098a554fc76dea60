/**
 * The agent: one machine's resources, and the attempts that run on it.
 *
 * Orders come from the leading master (orders.ts, registration.ts decides whether they may be obeyed) and reach the
 * attempts (attempts.ts); what becomes of those is noted in the journal (checkpoint/), told as status updates
 * (status-updates.ts), and shown in the tree (presence.ts). At the end of each turn all that was noted goes to disk
 * in one append; what depends on it leaves when it is there.
 */

import { pack } from '../../protocol/codec.ts';
import type { MesozooError } from '../../protocol/errors.ts';
import type { AttemptId, MasterId } from '../../protocol/ids.ts';
import type { MasterOrder } from '../../protocol/orders.ts';
import { treePaths } from '../../protocol/paths.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import type { Actor, Delivery, Logger, Ports, Processes, Storage, Timer } from '../actor.ts';
import type {
  CoordClient,
  CoordClientOptions,
  Leader,
  LeaderWatch,
} from '../coord/client/contract.ts';
import { watchLeader } from '../coord/client/leader-watch.ts';
import { SessionClient } from '../coord/client/session-client.ts';
import { NO_PLANTED_BUGS, type PlantedBugs } from '../planted.ts';
import { Attempts } from './attempts.ts';
import {
  type AgentIdentity,
  newIdentity,
  readIdentity,
  saveIdentity,
} from './checkpoint/identity.ts';
import { Journal } from './checkpoint/journal.ts';
import type { Replayed } from './checkpoint/records.ts';
import type { Executors } from './executors/contract.ts';
import { noopExecutor } from './executors/noop.ts';
import { processExecutor } from './executors/process.ts';
import { Monitor } from './monitor.ts';
import { type AgentOptions, type AgentTiming, defaultAgentTiming } from './options.ts';
import { readOrder } from './orders.ts';
import { Output } from './output.ts';
import { Presence } from './presence.ts';
import { type LeadingMaster, Registration, type Said } from './registration.ts';
import { Sandboxes } from './sandboxes.ts';
import { StatusUpdates } from './status-updates.ts';

export type AgentPorts = Ports & { readonly storage: Storage; readonly processes: Processes };
/** Where a test puts a quorum of its own. */
export type OpenCoordClient = (ports: Ports, options: CoordClientOptions) => CoordClient;

export class AgentActor implements Actor {
  private readonly ports: AgentPorts;
  private readonly timing: AgentTiming;
  private readonly planted: PlantedBugs;
  private readonly log: Logger;
  private readonly subjects: Subjects;
  private readonly client: CoordClient;
  private readonly journal: Journal;
  private readonly updates: StatusUpdates;
  private readonly attempts: Attempts;
  private readonly sandboxes: Sandboxes;
  private readonly monitor: Monitor;
  private readonly output: Output;
  private readonly registration: Registration;
  private readonly presence: Presence;
  private readonly identity: AgentIdentity;
  /** Undefined for a new agent. */
  private readonly replayed: Replayed | undefined;
  private leaderWatch: LeaderWatch | undefined;
  private housekeeping: Timer | undefined;
  private usedLately = false;
  private stopped = false;
  private stopping: { done: (() => void)[]; acknowledgeBy?: number } | undefined;

  constructor(ports: AgentPorts, options: AgentOptions, openClient: OpenCoordClient = openSession) {
    const { clock, random, storage, processes, transport } = ports;
    this.ports = ports;
    this.timing = { ...defaultAgentTiming, ...options.timing };
    this.planted = options.planted ?? NO_PLANTED_BUGS;
    this.subjects = subjectsOf(options.cluster);

    const known = readIdentity(storage, options.cluster, ports.log);
    this.identity = known ?? newIdentity(random, options.cluster, options.name);
    const { agentId } = this.identity;
    this.log = ports.log.child({ agentId });
    this.journal = new Journal(storage, this.log, {
      compactBytes: this.timing.journalCompactBytes,
    });
    // What ran under another id is not this agent's: `start` ends it.
    this.replayed = known && this.journal.recover();

    this.updates = new StatusUpdates({
      journal: this.journal,
      clock,
      timing: this.timing,
      planted: this.planted,
      send: (update) =>
        this.registration.sayToPartner((epoch) => ({ type: 'status', epoch, update })),
      settled: (attemptId) => this.attempts.settled(attemptId),
    });
    const executors: Executors = {
      process: processExecutor(processes, options.hostname),
      noop: noopExecutor,
    };
    this.sandboxes = new Sandboxes(processes, clock, {
      retentionMs: this.timing.sandboxRetentionMs,
      kept: this.timing.sandboxesKept,
    });
    this.attempts = new Attempts({
      total: options.total,
      clock,
      log: this.log,
      journal: this.journal,
      updates: this.updates,
      executors,
      inspection: ports.inspection,
      mayLaunch: () => this.registration.mayLaunch(),
      changed: () => this.presence.changed(),
      forgotten: (attempt) => {
        if (attempt.started !== undefined) this.sandboxes.keep(attempt.spec.attemptId);
      },
    });
    this.monitor = new Monitor(clock, (attempt) => this.attempts.usageOf(attempt));
    this.output = new Output({
      processes,
      transport,
      clock,
      subjects: this.subjects,
      followIntervalMs: this.timing.followIntervalMs,
      knows: (attemptId) => this.attempts.has(attemptId),
      isLive: (attemptId) => this.attempts.isLive(attemptId),
    });
    this.registration = new Registration({
      clock,
      random,
      log: this.log,
      inspection: ports.inspection,
      storage,
      identity: this.identity,
      timing: this.timing,
      info: {
        agentId,
        hostname: options.hostname,
        total: options.total,
        attributes: options.attributes,
        version: options.version,
      },
      reports: () => this.attempts.reports(),
      say: (to, message) => this.say(to, message),
      accepted: (giveUp, complete) => {
        for (const attemptId of giveUp) this.attempts.giveUp(attemptId);
        this.attempts.resume();
        this.updates.restartRetries(!complete);
      },
      stateChanged: () => this.presence.changed(),
      endAttempts: () => this.attempts.endAll(this.timing.stopGraceMaxMs),
      leave: () => this.leave(),
    });
    this.client = openClient(ports, {
      cluster: options.cluster,
      timeoutMs: this.timing.sessionTimeoutMs,
      digest: options.digest,
      reopen: true,
    });
    this.presence = new Presence({
      client: this.client,
      clock,
      log: this.log,
      agentId,
      digest: options.digest,
      intervalMs: this.timing.znodeIntervalMs,
      describe: () => ({
        hostname: options.hostname,
        state: this.registration.lifecycle.state(),
        attributes: options.attributes,
        total: options.total,
        available: this.attempts.available,
      }),
    });
  }

  // ── Life ──────────────────────────────────────────────────────────────────────────────────────────────────

  start(): void {
    const { transport, clock } = this.ports;
    this.endStrays();
    if (this.replayed !== undefined) this.attempts.recover(this.replayed);
    transport.subscribe(this.subjects.toAgent(this.registration.agentId), (delivery) =>
      this.receive(delivery),
    );
    this.leaderWatch = watchLeader(
      this.client,
      { parent: treePaths.masters, prefix: treePaths.masterPrefix },
      (leader) => this.leaderSeen(leader),
    );
    this.client.open();
    this.housekeeping = clock.after(this.timing.usageIntervalMs, () => this.keepHouse());
    this.journal.compact(this.attempts.records());
    // The journal first: after a crash between the two there is no identity yet, and another new agent begins.
    if (this.replayed === undefined)
      saveIdentity(this.ports.storage, this.identity, () => this.recovered());
    else this.recovered();
  }

  endTurn(): void {
    this.attempts.endTurn();
    this.updates.endTurn();
    if (this.journal.wantsCompaction) this.journal.compact(this.attempts.records());
    this.journal.commit();
    if (this.stopping !== undefined) this.drain();
  }

  /** Ends all attempts, tells how they ended, and says that the agent leaves. May be asked for more than once. */
  stop(done: () => void): void {
    if (this.stopping !== undefined) {
      if (this.stopped) done();
      else this.stopping.done.push(done);
      return;
    }
    this.stopping = { done: [done] };
    this.registration.lifecycle.send({ type: 'STOP_ASKED' });
    this.presence.changed();
    const forceMs = this.timing.stopGraceMaxMs + 2 * this.timing.stopAcknowledgeMs;
    this.ports.clock.after(forceMs, () => this.finish('attempts are still there at the end'));
  }

  /** Throws InvariantError: an agent never holds more than its attempts do. For simulation. */
  invariants(): void {
    this.attempts.invariants();
  }

  /** For health checks: the chart's state. */
  state(): string {
    return this.registration.lifecycle.state();
  }

  get agentId(): Registration['agentId'] {
    return this.registration.agentId;
  }

  // ── Input ─────────────────────────────────────────────────────────────────────────────────────────────────

  private receive(delivery: Delivery): void {
    let order: MasterOrder;
    try {
      order = readOrder(delivery.payload);
    } catch (error) {
      const { code, message } = error as MesozooError;
      this.log.warn('what is not an order was ignored', { code, message });
      return;
    }
    if (this.registration.lifecycle.isDone()) return;
    if (this.registration.mayObey(order, this.planted.has('old-epoch-obeyed'))) this.obey(order);
    else this.log.debug('order not obeyed', { order: order.type, epoch: order.epoch });
  }

  private obey(order: MasterOrder): void {
    switch (order.type) {
      case 'registered':
        this.registration.registered(order);
        break;
      case 'registerAgain':
        this.registration.registerAgain();
        break;
      case 'ping':
        this.registration.ping(order);
        break;
      case 'launch':
        this.attempts.launch(order.attempt);
        break;
      case 'kill':
        this.attempts.kill(order.attemptId, order.graceMs);
        break;
      case 'giveUp':
        this.attempts.giveUp(order.attemptId);
        break;
      case 'acknowledge':
        this.updates.acknowledge(order.attemptId, order.number);
        break;
      case 'readOutput': {
        const { requestId, attemptId, stream, offset, length } = order;
        const read = this.output.read(attemptId, stream, offset, length);
        this.say(order.masterId, { type: 'outputRead', requestId, ...read });
        break;
      }
      case 'follow': {
        const { requestId, attemptId, taskId, leaseMs } = order;
        const following = this.output.follow(attemptId, taskId, leaseMs);
        this.say(order.masterId, { type: 'following', requestId, ...following });
        break;
      }
      default:
        order satisfies never;
    }
  }

  private leaderSeen(leader: Leader | undefined): void {
    const master = leader && masterOf(leader);
    if (leader !== undefined && master === undefined) {
      this.log.warn('the leading candidate is not a master of ours', { path: leader.path });
      return;
    }
    this.registration.leaderSeen(master);
  }

  // ── Inside ────────────────────────────────────────────────────────────────────────────────────────────────

  private recovered(): void {
    if (!this.registration.lifecycle.matches('recovering')) return;
    this.log.info('recovered', { attempts: this.attempts.size, epoch: this.registration.epoch });
    this.registration.recovered();
  }

  /** Sandboxes that no attempt in the journal stands for: old ones, or, if the journal was lost, running ones. */
  private endStrays(): void {
    const { processes } = this.ports;
    for (const sandbox of processes.listSandboxes()) {
      if (this.replayed?.attempts.has(sandbox as AttemptId)) continue;
      const identity = processes.find(sandbox);
      if (identity !== undefined && processes.usage(identity) !== undefined) {
        this.log.warn('a process that no record stands for is killed', { sandbox, ...identity });
        processes.signal(identity, 'SIGKILL');
      }
      this.sandboxes.keep(sandbox);
    }
  }

  private keepHouse(): void {
    this.housekeeping = this.ports.clock.after(this.timing.usageIntervalMs, () => this.keepHouse());
    this.journal.commit(true);
    this.sandboxes.tidy();
    if (this.registration.partner === undefined) return;
    const usage = this.monitor.look(this.attempts.live());
    // Once more when the last one has ended, so that nothing stays on the books.
    const uses = usage.attempts.length > 0;
    if (uses || this.usedLately)
      this.registration.sayToPartner((epoch) => ({ type: 'usage', epoch, ...usage }));
    this.usedLately = uses;
  }

  private drain(): void {
    if (this.stopping === undefined || !this.registration.lifecycle.matches('leaving')) return;
    for (const _ of this.attempts.live()) return;
    if (this.updates.openCount === 0) {
      this.finish('all updates are acknowledged');
      return;
    }
    if (this.stopping.acknowledgeBy !== undefined) return;
    this.stopping.acknowledgeBy = this.ports.clock.monotonicMs() + this.timing.stopAcknowledgeMs;
    this.ports.clock.after(this.timing.stopAcknowledgeMs, () =>
      this.finish('updates wait for the next start'),
    );
  }

  private finish(why: string): void {
    if (!this.registration.lifecycle.matches('leaving')) return;
    this.log.info('agent leaves', { why, unacknowledged: this.updates.openCount });
    this.registration.lifecycle.send({ type: 'DRAINED' });
  }

  private leave(): void {
    this.journal.commit(true);
    this.registration.sayToPartner((epoch) => ({ type: 'leaving', epoch }));
    this.leaderWatch?.stop();
    this.housekeeping?.cancel();
    this.output.stop();
    this.updates.stop();
    this.presence.close(() => {
      this.stopped = true;
      for (const done of this.stopping?.done ?? []) done();
    });
  }

  private say(to: MasterId, message: Said): void {
    const { agentId } = this.registration;
    const reply = this.subjects.toAgent(agentId);
    this.ports.transport.publish(this.subjects.toMaster(to), pack({ agentId, reply, ...message }));
  }
}

const openSession: OpenCoordClient = (ports, options) => new SessionClient(ports, options);

/** The candidate's MasterInfo names the master; its znode's czxid is the epoch. */
function masterOf(leader: Leader): LeadingMaster | undefined {
  try {
    const info = JSON.parse(new TextDecoder().decode(leader.data)) as { id?: unknown };
    if (typeof info.id !== 'string' || !/^[A-Za-z0-9_-]{1,128}$/.test(info.id)) return undefined;
    return {
      masterId: info.id as MasterId,
      epoch: leader.czxid as number as LeadingMaster['epoch'],
    };
  } catch {
    return undefined;
  }
}
