/** The coordinator's chart behind the core's contract: as a running actor, and as a plain value that can be copied. */
import { getNextSnapshot } from 'xstate';
import { coordinatorMachine } from '../../../machines/coordinator.ts';
import { InvariantError } from '../../../protocol/errors.ts';
import type { MemberId } from '../../../protocol/ids.ts';
import type { Clock } from '../../actor.ts';
import type { Inspection } from '../../inspection.ts';
import { Lifecycle } from '../../lifecycle.ts';
import type { CoordinatorLifecycle } from './contract.ts';

export type CoordinatorRole = ReturnType<CoordinatorLifecycle['role']>;
type CoordinatorFact = Parameters<CoordinatorLifecycle['send']>[0];

export function runCoordinatorChart(
  member: MemberId,
  clock: Clock,
  inspection?: Inspection,
): CoordinatorLifecycle {
  const id = `coordinator.${member}`;
  const lifecycle = new Lifecycle(coordinatorMachine, { id, clock, inspection });
  return {
    role: () => lifecycle.state() as CoordinatorRole,
    send: (event) => lifecycle.send(event),
  };
}

/**
 * The same chart without an actor: the state is a name, the chart says what follows. For exploration and tests, where
 * whole worlds are copied.
 */
export class CoordinatorChartValue implements CoordinatorLifecycle {
  private state: CoordinatorRole;

  constructor(state: CoordinatorRole = 'recovering') {
    this.state = state;
  }

  role(): CoordinatorRole {
    return this.state;
  }

  send(event: CoordinatorFact): void {
    this.state = following(this.state, event);
  }
}

/** What the chart does, once asked; there are few pairs. */
const known = new Map<string, CoordinatorRole>();

function following(state: CoordinatorRole, event: CoordinatorFact): CoordinatorRole {
  const key = `${state} ${event.type} ${event.type === 'RECOVERED' && event.mayVote}`;
  let next = known.get(key);
  if (next === undefined) {
    const before = coordinatorMachine.resolveState({ value: state });
    if (!before.can(event)) throw new InvariantError(`${event.type} is not possible in ${state}`);
    next = getNextSnapshot(coordinatorMachine, before, event).value as CoordinatorRole;
    known.set(key, next);
  }
  return next;
}
