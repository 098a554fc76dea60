/**
 * What the clients of the tree asked and were answered, in the order in which it happened to them. Checkers read it;
 * the workload writes it.
 */

/** `failed`: a definite error, nothing changed. `unknown`: it may have happened. */
export type Outcome = 'pending' | 'ok' | 'failed' | 'unknown';

export type ClientOperation =
  | 'create'
  | 'set'
  | 'delete'
  | 'multi'
  | 'get'
  | 'children'
  | 'exists'
  | 'sync';

export interface HistoryEntry {
  readonly client: string;
  /** Of the client: unique to each session that it opened. */
  readonly session: string;
  readonly operation: ClientOperation;
  readonly path: string;
  /** What was written; unique within a run. */
  readonly written?: string;
  readonly linearizable: boolean;
  readonly watch: boolean;
  readonly invokedMs: number;
  /** Greatest version of the path in an answer that any client had before this was asked; -1 for none. */
  readonly versionBefore: number;
  /** The same, as far as this session knew. */
  readonly sessionVersionBefore: number;
  /** The version that the answer must show, where the client alone writes to the path. */
  readonly versionExpected?: number;
  outcome: Outcome;
  /** Position among all answers and events of this client. */
  answeredAt?: number;
  error?: string;
  zxid?: number;
  version?: number;
  /** Path of a created sequential node. */
  createdPath?: string;
  /** What was read. */
  read?: string;
}

export interface WatchEventEntry {
  readonly client: string;
  readonly session: string;
  readonly type: string;
  readonly path: string;
  readonly zxid: number;
  /** Position among all answers and events of this client. */
  readonly at: number;
}

export class History {
  readonly entries: HistoryEntry[] = [];
  readonly events: WatchEventEntry[] = [];
  private readonly versions = new Map<string, number>();
  private readonly sessionVersions = new Map<string, number>();
  private readonly positions = new Map<string, number>();

  versionOf(path: string): number {
    return this.versions.get(path) ?? -1;
  }

  sessionVersionOf(session: string, path: string): number {
    return this.sessionVersions.get(`${session} ${path}`) ?? -1;
  }

  /** An answer showed this version of a path. */
  saw(session: string, path: string, version: number): void {
    if (version > this.versionOf(path)) this.versions.set(path, version);
    if (version > this.sessionVersionOf(session, path))
      this.sessionVersions.set(`${session} ${path}`, version);
  }

  nextPosition(client: string): number {
    const position = (this.positions.get(client) ?? 0) + 1;
    this.positions.set(client, position);
    return position;
  }
}

/** The tree as it was read when everything had come to rest. */
export interface FinalTree {
  readonly nodes: ReadonlyMap<string, { readonly data: string; readonly version: number }>;
}
