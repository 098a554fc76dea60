/** What an agent is started with, and the times by which it acts. */
import type { Resources } from '../../protocol/resources.ts';
import type { PlantedBugs } from '../planted.ts';

export interface AgentOptions {
  readonly cluster: string;
  readonly hostname: string;
  /** For people: the first part of a new agent's id. */
  readonly name?: string;
  readonly total: Resources;
  readonly attributes: Readonly<Record<string, string>>;
  readonly version: string;
  /** `user:password` of the system for the scheme digest: guards the agent's znode. */
  readonly digest: string;
  readonly timing?: Partial<AgentTiming>;
  readonly planted?: PlantedBugs;
}

export interface AgentTiming {
  readonly sessionTimeoutMs: number;
  /** Between two tries to register; doubles from the one to the other, with jitter. */
  readonly registrationBackoffMinMs: number;
  readonly registrationBackoffMaxMs: number;
  readonly updateRetryMinMs: number;
  readonly updateRetryMaxMs: number;
  /** The agent's znode is rewritten at most once in this time. */
  readonly znodeIntervalMs: number;
  readonly usageIntervalMs: number;
  /** How often a followed output is looked at. */
  readonly followIntervalMs: number;
  /** Sandboxes of ended attempts are removed when they are older or more than this. */
  readonly sandboxRetentionMs: number;
  readonly sandboxesKept: number;
  /** At a stop: the longest grace between SIGTERM and SIGKILL, whatever a task asks for. */
  readonly stopGraceMaxMs: number;
  /** At a stop: how long the last updates wait to be acknowledged. */
  readonly stopAcknowledgeMs: number;
  /** The journal is written anew when it is larger. */
  readonly journalCompactBytes: number;
}

export const defaultAgentTiming: AgentTiming = {
  sessionTimeoutMs: 6_000,
  registrationBackoffMinMs: 100,
  registrationBackoffMaxMs: 5_000,
  updateRetryMinMs: 1_000,
  updateRetryMaxMs: 30_000,
  znodeIntervalMs: 1_000,
  usageIntervalMs: 1_000,
  followIntervalMs: 100,
  sandboxRetentionMs: 24 * 3_600_000,
  sandboxesKept: 500,
  stopGraceMaxMs: 3_000,
  stopAcknowledgeMs: 1_500,
  journalCompactBytes: 4 * 1024 * 1024,
};
