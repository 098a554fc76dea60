/** What the carrying out of one operation works with. */
import type { Zxid } from '../../../protocol/ids.ts';
import type { Identity, TreeEvent } from '../../../protocol/operations.ts';
import type { Session } from './sessions.ts';
import type { Tree } from './tree.ts';

export interface Context {
  readonly tree: Tree;
  /** The operation's own. */
  readonly zxid: Zxid;
  readonly wallMs: number;
  readonly session: Session;
  readonly identities: readonly Identity[];
  /** What has happened so far. */
  readonly events: TreeEvent[];
}
