/** What a connection of a client is given, and whom it tells. */
import type { Clock, Logger, Random, TcpConnection } from '../../actor.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { Quorum } from '../door/quorum.ts';
import type { WatchTable } from '../znodes/contract.ts';
import type { ClientConnection } from './connection.ts';
import type { SaslExchange } from './sasl/exchange.ts';
import type { GatewaySettings } from './settings.ts';

export interface ConnectionOptions {
  readonly tcp: TcpConnection;
  readonly quorum: Quorum;
  readonly settings: GatewaySettings;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Logger;
  readonly watches: WatchTable;
  /** What a four-letter word answers; undefined for what is none. */
  readonly word: (word: string) => string | undefined;
  readonly beginSasl: () => SaslExchange;
  /** Something waits to be flushed, or to be read on. */
  readonly touched: (connection: ClientConnection) => void;
  /** The session is this connection's from now on. */
  readonly opened: (connection: ClientConnection) => void;
  readonly closed: (connection: ClientConnection) => void;
  /** A request was answered after so long. */
  readonly answered: (latencyMs: number, isWrite: boolean) => void;
  /** Credentials were wrong. */
  readonly authFailed: () => void;
  /** A request has come. */
  readonly heard: () => void;
  /** Whether the member has room for another request. */
  readonly hasRoom: () => boolean;
  /** Whether one more session may begin, or go on, here. */
  readonly admits: (isRenewal: boolean) => boolean;
  /** So many bytes leave together. */
  readonly wrote: (bytes: number) => void;
  readonly planted?: PlantedBugs | undefined;
}
