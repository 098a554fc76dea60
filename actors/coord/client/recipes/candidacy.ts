/** The election (election.ts) in the form of the other recipes: who leads is who holds, and the epoch is the token. */
import { MesozooError } from '../../../../protocol/errors.ts';
import type { ElectionOptions } from '../contract.ts';
import { SessionElection } from '../election.ts';
import type { Claim } from './lock.ts';
import { bytesOf } from './parts.ts';

/** `data` are what `watchLeader` tells of the leader. */
export function candidateAt(options: ElectionOptions, data: string | Uint8Array = ''): Claim {
  return (parts, handlers) => {
    const election = new SessionElection(parts.client, parts, options);
    election.enter(bytesOf(data), {
      elected: ({ path, czxid }) => handlers.held({ path, token: czxid }),
      deposed: () =>
        handlers.lost(new MesozooError('SESSION_EXPIRED', 'the candidate is gone, or its session')),
    });
    return {
      get isHolding() {
        return election.mayLead();
      },
      leave: (done) => election.leave(done),
    };
  };
}
