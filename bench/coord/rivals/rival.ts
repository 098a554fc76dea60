/** An ensemble under comparison. */
import type { Server } from '../load/connection.ts';

export interface Rival {
  readonly name: string;
  readonly servers: readonly Server[];
  /** The process of each server, in the order of `servers`; empty for servers that somebody else started. */
  serverPids(): readonly number[];
  /** What the servers cannot do without, such as the NATS between them. */
  helperPids(): readonly number[];
  /** Which of `servers` leads, once one does. */
  leader(): Promise<number>;
  signal(server: number, signal: NodeJS.Signals): void;
  /** Starts a server again that was killed, where nobody else does. */
  revive(server: number): void;
  stop(): Promise<void>;
}
