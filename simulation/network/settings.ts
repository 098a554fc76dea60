import type { Death } from '../life.ts';

/** How good or bad the simulated network is. Chances are for each message; ranges are [low, high) in microseconds. */
export interface NetworkSettings {
  /** Of one hop: process to server, or server to process. */
  readonly latencyUs: readonly [number, number];
  readonly spikeChance: number;
  readonly spikeUs: readonly [number, number];
  /** For messages whose protocol takes loss, repetition and disorder for granted: see `isLoose`. */
  readonly lossChance: number;
  readonly repeatChance: number;
  readonly disorderChance: number;
  readonly disorderUs: readonly [number, number];
  /** For requests of clients and the answers to them; events to an inbox are lost with a connection only. */
  readonly requestLossChance: number;
  readonly requestRepeatChance: number;
  /** What is published while disconnected is lost, or else sent after the reconnect. */
  readonly offlineLossChance: number;
  /** That the server notices at once how a process ended, and not only when its pings stay unanswered. */
  readonly deathNoticeChance: Readonly<Record<Death, number>>;
}

export const GOOD_NETWORK: NetworkSettings = {
  latencyUs: [50, 400],
  spikeChance: 0,
  spikeUs: [0, 0],
  lossChance: 0,
  repeatChance: 0,
  disorderChance: 0,
  disorderUs: [0, 0],
  requestLossChance: 0,
  requestRepeatChance: 0,
  offlineLossChance: 0.5,
  // A process may take its machine along, and a machine's neighbours may know of its end.
  deathNoticeChance: { process: 0.7, machine: 0.7 },
};

/** A killed process's connections are closed by its machine; nobody closes those of a machine without power. */
export const PLAIN_NETWORK: NetworkSettings = {
  ...GOOD_NETWORK,
  deathNoticeChance: { process: 1, machine: 0 },
};

/** Bounds of the server and the client library. */
export const networkBounds = {
  /** Inputs that a paused process leaves unread before the server calls it a slow consumer and drops the connection. */
  backlogMessages: 20_000,
  /** Messages kept by a client library while it is disconnected. */
  offlineMessages: 5_000,
  /** Answers that the server still recognizes as such. */
  answersRemembered: 20_000,
  /** A silent peer is dropped after this long: two pings of 2 s without a pong. */
  staleMs: 4_000,
} as const;
