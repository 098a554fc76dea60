/** What clients did to versioned registers (the data of znodes), and what they were told. */

interface Timed {
  /** Who asked: for people. */
  readonly client: string;
  readonly path: string;
  /** Monotonic, on one clock for all clients: before the request was sent, and after its answer was read. */
  readonly invokedMs: number;
  readonly returnedMs: number;
}

export interface Read extends Timed {
  readonly kind: 'read';
  readonly data: string;
  readonly version: number;
}

export interface Write extends Timed {
  readonly kind: 'set';
  readonly data: string;
  /** -1: whatever the version is. */
  readonly expected: number;
  /**
   * `unknown`: the connection was lost. The write took effect at one moment after its invocation, even long after the
   * client was told so (`returnedMs` says nothing), or never.
   */
  readonly outcome:
    | { readonly kind: 'ok'; readonly version: number }
    | { readonly kind: 'badVersion' }
    | { readonly kind: 'unknown' };
}

export type Operation = Read | Write;

export interface Register {
  readonly data: string;
  readonly version: number;
}

/** For people. */
export function describe(operation: Operation): string {
  const { client, path, invokedMs, returnedMs } = operation;
  const when = `${invokedMs.toFixed(3)}–${isUnknown(operation) ? '?' : returnedMs.toFixed(3)}`;
  if (operation.kind === 'read')
    return `${when} ${client} reads ${path}: "${operation.data}" version ${operation.version}`;
  const { data, expected, outcome } = operation;
  const condition = expected === -1 ? '' : ` if version ${expected}`;
  const told = outcome.kind === 'ok' ? `version ${outcome.version}` : outcome.kind;
  return `${when} ${client} sets ${path} to "${data}"${condition}: ${told}`;
}

export function isUnknown(operation: Operation): boolean {
  return operation.kind === 'set' && operation.outcome.kind === 'unknown';
}
