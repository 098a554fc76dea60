/** What the carrying out of one operation works with. */
import type { Zxid } from '../../../protocol/ids.ts';
import type { Identity, OperationResult, TreeEvent } from '../../../protocol/operations.ts';
import type { Session } from './sessions.ts';
import type { Tree } from './tree.ts';

export interface Context {
  readonly tree: Tree;
  /** The operation's own. */
  readonly zxid: Zxid;
  readonly wallMs: number;
  readonly session: Session;
  readonly identities: readonly Identity[];
  /** Somebody looks at the result: otherwise that of what was carried out is `UNTOLD`. */
  readonly isAsked: boolean;
  /** What has happened so far: one array that grows, since a session that ends may leave many ephemerals. */
  events: TreeEvent[];
}

/** What has happened to a node, and perhaps to its parent. */
export function tell(
  context: Pick<Context, 'events'>,
  event: TreeEvent,
  ofParent?: TreeEvent,
): void {
  if (context.events === NO_EVENTS) context.events = [];
  context.events.push(event);
  if (ofParent !== undefined) context.events.push(ofParent);
}

/** Stands for none until there are some; frozen. */
export const NO_EVENTS: TreeEvent[] = Object.freeze([]) as unknown as TreeEvent[];
/** Of what was carried out where nobody looks: two of three members would make each Stat in vain. */
export const UNTOLD: OperationResult = Object.freeze({ kind: 'checked' });
