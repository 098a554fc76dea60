/** What a coord is made of, once its data are open. */
import type { Agreement } from './agreement.ts';
import type { Confirmations } from './confirmations.ts';
import type { Door } from './door/door.ts';
import type { SessionExpiry } from './expiry.ts';
import type { Inbox, Outbox } from './forwarding.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { LeaderWatch } from './leader-watch.ts';
import type { CoordLog } from './log/log.ts';
import type { MemberSession } from './member-session.ts';
import type { Membership } from './membership/membership.ts';
import type { CoordinatorLifecycle, Paxos } from './paxos/contract.ts';
import type { SnapshotKeeper } from './snapshot-keeper.ts';
import type { Succession } from './succession.ts';

export interface Parts {
  readonly chart: CoordinatorLifecycle;
  readonly paxos: Paxos;
  readonly log: CoordLog;
  readonly snapshots: SnapshotKeeper;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly confirmations: Confirmations;
  readonly agreement: Agreement;
  readonly expiry: SessionExpiry;
  readonly memberSession: MemberSession;
  readonly membership: Membership;
  readonly leaderWatch: LeaderWatch;
  readonly succession: Succession;
  readonly door: Door;
  /** Absent where nobody can connect. */
  readonly gateway: Gateway | undefined;
}
