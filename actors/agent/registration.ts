/**
 * With whom the agent is registered. The chart says how far it has come; here are its effects, the leader that it
 * has to do with, and the epoch: once stored, no order of an older one is obeyed, whoever has forgotten what.
 */
import { agentMachine } from '../../machines/agent.ts';
import { MesozooError } from '../../protocol/errors.ts';
import type { AgentId, Epoch, MasterId } from '../../protocol/ids.ts';
import type { AgentMessage, AttemptReport, MasterOrder } from '../../protocol/orders.ts';
import type { Clock, Logger, Random, Storage, Timer } from '../actor.ts';
import type { Inspection } from '../inspection.ts';
import { Lifecycle } from '../lifecycle.ts';
import { type AgentIdentity, saveIdentity } from './checkpoint/identity.ts';

export interface LeadingMaster {
  readonly masterId: MasterId;
  readonly epoch: Epoch;
}

/** A message without what is the same in all. */
export type Said = AgentMessage extends infer Message
  ? Message extends AgentMessage
    ? Omit<Message, 'agentId' | 'reply'>
    : never
  : never;

export interface RegistrationOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly inspection?: Inspection | undefined;
  readonly storage: Storage;
  readonly identity: AgentIdentity;
  readonly timing: {
    readonly registrationBackoffMinMs: number;
    readonly registrationBackoffMaxMs: number;
  };
  readonly info: Extract<AgentMessage, { type: 'register' }>['info'];
  readonly reports: () => readonly AttemptReport[];
  /** Throws PAYLOAD_TOO_LARGE. */
  readonly say: (to: MasterId, message: Said) => void;
  /** `complete`: the master was told all updates that wait. */
  readonly accepted: (giveUp: readonly AttemptReport['attemptId'][], complete: boolean) => void;
  readonly stateChanged: () => void;
  readonly endAttempts: () => void;
  readonly leave: () => void;
}

export class Registration {
  readonly lifecycle: Lifecycle<typeof agentMachine>;
  private readonly options: RegistrationOptions;
  private identity: AgentIdentity;
  /** On its way to the disk, or the one that is there. */
  private highestEpoch: Epoch;
  private leader: LeadingMaster | undefined;
  /** Of the last registration; with `leader` it says whether there is somebody to talk to. */
  private registeredEpoch: Epoch | undefined;
  private toldAll = true;
  private tries = 0;
  private heardAtMs = 0;
  private pingTimeoutMs = 10_000;
  private pingTimer: Timer | undefined;

  constructor(options: RegistrationOptions) {
    this.options = options;
    this.identity = options.identity;
    this.highestEpoch = options.identity.epoch;
    const machine = agentMachine.provide({
      actions: {
        register: () => this.register(),
        resetBackoff: () => {
          this.tries = 0;
        },
        watchPings: () => this.watchPings(),
        ignorePings: () => this.pingTimer?.cancel(),
        sayDraining: () => this.sayDraining(),
        endAttempts: options.endAttempts,
        leave: options.leave,
      },
      delays: { registrationBackoff: () => this.backoffMs() },
    });
    this.lifecycle = new Lifecycle(machine, {
      id: `agent.${this.agentId}`,
      clock: options.clock,
      inspection: options.inspection,
    });
  }

  get agentId(): AgentId {
    return this.identity.agentId;
  }

  /** The highest epoch on disk. */
  get epoch(): Epoch {
    return this.identity.epoch;
  }

  /** Whom updates and usage go to: a master that knows this agent, and the epoch that it leads in. */
  get partner(): LeadingMaster | undefined {
    return this.leader?.epoch === this.registeredEpoch ? this.leader : undefined;
  }

  // ── Who leads ─────────────────────────────────────────────────────────────────────────────────────────────

  leaderSeen(leader: LeadingMaster | undefined): void {
    if (leader === undefined) {
      if (this.leader !== undefined) this.options.log.info('no master leads');
      this.leader = undefined;
      this.lifecycle.offer({ type: 'LEADER_LOST' });
      this.options.stateChanged();
      return;
    }
    // What the quorum member shows may be older than what a master's order has said already.
    const known = Math.max(this.highestEpoch, this.leader?.epoch ?? 0);
    if (leader.epoch < known || this.leader?.epoch === leader.epoch) return;
    this.leader = leader;
    this.options.log.info('leading master detected', { ...leader });
    this.lifecycle.offer({ type: 'LEADER_DETECTED' });
    this.options.stateChanged();
  }

  /** After recovery: the leader may have been seen before. */
  recovered(): void {
    this.lifecycle.send({ type: 'RECOVERED' });
    if (this.leader !== undefined) this.lifecycle.send({ type: 'LEADER_DETECTED' });
    this.options.stateChanged();
  }

  // ── Orders ────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Whether the order is to be obeyed. One of an older epoch is refused by name and changes nothing. One of a newer
   * epoch comes from a leader that the agent has not heard of: it registers there, and obeys when the epoch is stored.
   */
  mayObey(order: MasterOrder, obeyOldEpochs: boolean): boolean {
    if (order.epoch < this.highestEpoch && !obeyOldEpochs) {
      this.options.log.warn('order of an old epoch refused', {
        order: order.type,
        masterId: order.masterId,
        epoch: order.epoch,
        newest: this.highestEpoch,
      });
      this.say(order.masterId, { type: 'refused', epoch: this.highestEpoch, order: order.type });
      return false;
    }
    if (order.epoch > (this.leader?.epoch ?? this.highestEpoch))
      this.leaderSeen({ masterId: order.masterId, epoch: order.epoch });
    const isFromLeader = order.epoch === this.leader?.epoch;
    if (isFromLeader && this.hasMissedPings()) this.pingsMissed();
    if (isFromLeader) this.heardAtMs = this.options.clock.monotonicMs();
    if (order.type === 'launch' && !this.mayLaunch()) return false;
    if (order.type === 'registered' || order.type === 'registerAgain') return isFromLeader;
    return order.epoch <= this.epoch;
  }

  /**
   * A launch that was on its way while this agent was cut off or stood still may have been given up since. Everything
   * that is older than the next registration arrives before its answer, and what is still wanted is ordered again.
   */
  mayLaunch(): boolean {
    if (this.hasMissedPings()) return false;
    return this.lifecycle.matches('registered') || this.lifecycle.matches('leaving');
  }

  registered(order: Extract<MasterOrder, { type: 'registered' }>): void {
    const { epoch, pingTimeoutMs, giveUp } = order;
    this.pingTimeoutMs = pingTimeoutMs;
    if (epoch <= this.epoch) {
      this.epochStored(epoch, giveUp);
      return;
    }
    // Under way already: this is a repeat, and its list is the newer one.
    this.highestEpoch = epoch;
    const identity = { ...this.identity, epoch };
    saveIdentity(this.options.storage, identity, () => {
      if (epoch > this.identity.epoch) this.identity = identity;
      this.epochStored(epoch, giveUp);
    });
  }

  registerAgain(): void {
    this.registeredEpoch = undefined;
    this.lifecycle.offer({ type: 'REGISTRATION_ASKED' });
    this.options.stateChanged();
  }

  ping(order: MasterOrder): void {
    this.say(order.masterId, { type: 'pong', epoch: order.epoch });
    if (this.lifecycle.matches('leaving')) this.sayDraining();
  }

  /** To the master that the agent is registered with; says whether there is one. */
  sayToPartner(message: (epoch: Epoch) => Said): boolean {
    const { partner } = this;
    if (partner === undefined) return false;
    this.say(partner.masterId, message(partner.epoch));
    return true;
  }

  say(to: MasterId, message: Said): void {
    this.options.say(to, message);
  }

  stop(): void {
    this.pingTimer?.cancel();
    this.lifecycle.stop();
  }

  // ── Effects of the chart ──────────────────────────────────────────────────────────────────────────────────

  private register(): void {
    const { leader } = this;
    if (leader === undefined) return;
    const { info } = this.options;
    const attempts = this.options.reports();
    const { epoch } = leader;
    try {
      this.say(leader.masterId, { type: 'register', info, epoch, attempts });
      this.toldAll = true;
    } catch (error) {
      if (!(error instanceof MesozooError) || error.code !== 'PAYLOAD_TOO_LARGE') throw error;
      // The states are what the master must know at once; the updates follow when it has registered the agent.
      const brief = attempts.map((attempt) => ({ ...attempt, unacknowledged: [] }));
      this.say(leader.masterId, { type: 'register', info, epoch, attempts: brief });
      this.toldAll = false;
    }
  }

  private sayDraining(): void {
    this.sayToPartner((epoch) => ({ type: 'draining', epoch }));
  }

  private epochStored(epoch: Epoch, giveUp: readonly AttemptReport['attemptId'][]): void {
    const { leader } = this;
    if (leader?.epoch !== epoch) return;
    const first = this.registeredEpoch !== epoch || !this.lifecycle.matches('registered');
    this.registeredEpoch = epoch;
    this.options.accepted(giveUp, this.toldAll);
    this.lifecycle.offer({ type: 'REGISTERED' });
    this.say(leader.masterId, { type: 'epochAccepted', epoch });
    // It was registering when it was asked to stop.
    if (this.lifecycle.matches('leaving')) this.sayDraining();
    if (first) this.options.log.info('registered', { ...leader });
    this.options.stateChanged();
  }

  private backoffMs(): number {
    const { registrationBackoffMinMs: min, registrationBackoffMaxMs: max } = this.options.timing;
    const upTo = Math.min(max, min * 2 ** this.tries);
    const jitter = this.options.random.next();
    // The first try comes soon; the next ones leave the master the time to answer.
    const delayMs = this.tries === 0 ? upTo * jitter : upTo * (0.5 + jitter / 2);
    this.tries++;
    return delayMs;
  }

  private watchPings(): void {
    this.heardAtMs = this.options.clock.monotonicMs();
    this.armPingTimer();
  }

  private armPingTimer(): void {
    this.pingTimer?.cancel();
    const silentMs = this.options.clock.monotonicMs() - this.heardAtMs;
    this.pingTimer = this.options.clock.after(Math.max(1, this.pingTimeoutMs - silentMs), () => {
      if (this.hasMissedPings()) this.pingsMissed();
      else this.armPingTimer();
    });
  }

  private hasMissedPings(): boolean {
    return this.options.clock.monotonicMs() - this.heardAtMs >= this.pingTimeoutMs;
  }

  private pingsMissed(): void {
    if (!this.lifecycle.offer({ type: 'PINGS_MISSED' })) return;
    this.options.log.warn('nothing heard from the master: registering again', {
      ...this.leader,
      pingTimeoutMs: this.pingTimeoutMs,
    });
    this.options.stateChanged();
  }
}
