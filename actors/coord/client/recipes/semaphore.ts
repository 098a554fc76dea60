/**
 * A number of leases, with the nodes of Curator's InterProcessSemaphoreV2: who wants one first takes the lock
 * `<path>/locks`, so that one contender waits for a lease and all others for their turn; then it stands under
 * `<path>/leases` until it is one of the first `leases`. Fair, and an ending wakes one contender.
 */
import { Contender, type ContenderHandlers, type Entered } from './contender.ts';
import { type Claim, lockAt } from './lock.ts';
import type { RecipeParts } from './parts.ts';

const LEASE = 'lease-';

/** At most `leases` holders at a time; all must say the same number. */
export function leaseOf(path: string, leases: number, data?: string): Claim {
  return (parts, handlers) => new LeaseContender(parts, { path, leases, data }, handlers);
}

class LeaseContender implements Entered {
  private readonly turn: Entered;
  private lease: Entered | undefined;
  private over = false;

  constructor(
    parts: RecipeParts,
    { path, leases, data }: { path: string; leases: number; data: string | undefined },
    handlers: ContenderHandlers,
  ) {
    const lost: ContenderHandlers['lost'] = (error) => {
      if (this.over) return;
      this.leave();
      handlers.lost(error);
    };
    const enterLeases = () =>
      new Contender(
        parts,
        {
          parent: `${path}/leases`,
          kind: LEASE,
          kinds: [LEASE],
          data,
          obstacle: (_, index) => (index < leases ? undefined : 'anybody'),
        },
        {
          held: (holding) => {
            this.turn.leave();
            handlers.held(holding);
          },
          lost,
        },
      );
    this.turn = lockAt(`${path}/locks`)(parts, {
      held: () => {
        this.lease = enterLeases();
      },
      lost,
    });
  }

  get isHolding(): boolean {
    return this.lease?.isHolding === true;
  }

  leave(done?: () => void): void {
    this.over = true;
    const { turn, lease } = this;
    turn.leave(() => {
      if (lease === undefined) done?.();
      else lease.leave(done);
    });
  }
}
