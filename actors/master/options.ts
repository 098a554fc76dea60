/** What a master is started with, and the times by which it acts. */
import type { MasterId } from '../../protocol/ids.ts';
import type { MakeBundledFramework } from '../bundled.ts';
import type { PlantedBugs } from '../planted.ts';

export interface MasterOptions {
  readonly cluster: string;
  readonly masterId: MasterId;
  readonly hostname: string;
  readonly ip: string;
  readonly port: number;
  readonly version: string;
  /** `user:password` of the system for the scheme digest: guards the system's znodes. */
  readonly digest: string;
  /** How agents run attempts; `noop` ends at once and measures the scheduler. */
  readonly executor?: 'process' | 'noop';
  readonly allocator?: 'fcfs';
  readonly timing?: Partial<MasterTiming>;
  /** The frameworks that live with the leader; the first runs what is submitted on NATS. */
  readonly bundled: readonly MakeBundledFramework[];
  readonly planted?: PlantedBugs;
}

export interface MasterTiming {
  /** A leader that dies is replaced after this long. */
  readonly sessionTimeoutMs: number;
  /** Between pings of the session, where nothing else is asked. */
  readonly sessionPingIntervalMs: number;
  /**
   * A leader that has not heard from the quorum serves no more this long before its session may have ended. A coord that
   * is cut off from the others may go on answering for twice its election timeout and its patience, 1.1 s.
   */
  readonly leadMarginMs: number;
  /** Of everything that is looked after from time to time: pings, deadlines, retries, what is sent again. */
  readonly tickMs: number;
  readonly pingIntervalMs: number;
  /** Without a word from an agent for this long it is unreachable. */
  readonly pingTimeoutMs: number;
  /** An agent that stays unreachable for this long is removed: its attempts are lost. */
  readonly agentRemoveTimeoutMs: number;
  /** How long a new leader waits for the agents whose attempts it found in the tree. */
  readonly agentReregisterTimeoutMs: number;
  /** A launch or kill of which nothing is heard is sent again after this long. */
  readonly resendMs: number;
  /** Until an agent must have answered a question about output. */
  readonly relayTimeoutMs: number;
  /** How long the coords' answers are gathered. */
  readonly gatherMs: number;
  /** A leader that stops answers what is under way, but waits no longer than this. */
  readonly leavePatienceMs: number;
}

export const defaultTiming: MasterTiming = {
  sessionTimeoutMs: 2_000,
  sessionPingIntervalMs: 250,
  leadMarginMs: 1_200,
  tickMs: 250,
  pingIntervalMs: 1_000,
  pingTimeoutMs: 10_000,
  agentRemoveTimeoutMs: 30_000,
  agentReregisterTimeoutMs: 20_000,
  resendMs: 3_000,
  relayTimeoutMs: 5_000,
  gatherMs: 250,
  leavePatienceMs: 1_000,
};
