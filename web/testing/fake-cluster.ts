/** Actors that run the real charts of `machines/`, moved by hand, and told as the inspection of a cluster tells them. */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  initialTransition,
  transition,
} from 'xstate';
import { agentMachine } from '../../machines/agent.ts';
import { attemptMachine } from '../../machines/attempt.ts';
import { coordinatorMachine } from '../../machines/coordinator.ts';
import { frameworkMachine } from '../../machines/framework.ts';
import { masterMachine } from '../../machines/master.ts';
import { taskMachine } from '../../machines/task.ts';
import { definitionOf } from '../../runtime/inspection/form.ts';
import { splitId } from '../model/history.ts';
import type { InspectedSnapshot, InspectionEvent, LiveItem } from '../model/wire.ts';

const machines: Readonly<Record<string, AnyStateMachine>> = {
  coordinator: coordinatorMachine,
  master: masterMachine,
  agent: agentMachine,
  task: taskMachine,
  attempt: attemptMachine,
  framework: frameworkMachine,
};
const inputs: Readonly<Record<string, unknown>> = {
  task: { attempts: 3 },
  attempt: { attemptId: 'hello.1', graceMs: 5000 },
  framework: { failoverTimeoutMs: 60_000 },
};

export interface FakeEvent extends EventObject {
  readonly [field: string]: unknown;
}

interface FakeActor {
  readonly sessionId: string;
  readonly machine: AnyStateMachine;
  snapshot: AnyMachineSnapshot;
  since: number;
}

export class FakeCluster {
  readonly actors = new Map<string, FakeActor>();
  private readonly watched = new Set<string>();
  private readonly tell: (items: readonly LiveItem[]) => void;
  private readonly now: () => number;
  private told = 0;

  constructor(tell: (items: readonly LiveItem[]) => void, now: () => number = Date.now) {
    this.tell = tell;
    this.now = now;
  }

  /** A new actor, and the events that it has already gone through. */
  start(sessionId: string, ...events: readonly (string | FakeEvent)[]): void {
    this.run(sessionId, this.machineOf(sessionId), ...events);
  }

  /** One that is met somewhere on its way: what it has gone through before is not told. */
  appear(sessionId: string, ...events: readonly string[]): void {
    const machine = this.machineOf(sessionId);
    let [snapshot] = initialTransition(machine, inputs[splitId(sessionId).kind]);
    for (const type of events) [snapshot] = transition(machine, snapshot, { type });
    const actor = { sessionId, machine, snapshot, since: this.now() };
    this.actors.set(sessionId, actor);
    this.tell([this.introduction(actor)]);
  }

  /** With a machine that is not one of the cluster's. */
  run(
    sessionId: string,
    machine: AnyStateMachine,
    ...events: readonly (string | FakeEvent)[]
  ): void {
    const [snapshot] = initialTransition(machine, inputs[splitId(sessionId).kind]);
    const actor = { sessionId, machine, snapshot, since: this.now() };
    this.actors.set(sessionId, actor);
    this.tell([this.introduction(actor)]);
    for (const event of events) this.send(sessionId, event);
  }

  /** Throws where the chart does not know the event in its present state. */
  send(sessionId: string, eventOrType: string | FakeEvent, sourceId?: string): void {
    const actor = this.actors.get(sessionId)!;
    const event = typeof eventOrType === 'string' ? { type: eventOrType } : eventOrType;
    if (!actor.snapshot.can(event))
      throw new Error(
        `${sessionId} in ${JSON.stringify(actor.snapshot.value)} cannot ${event.type}`,
      );
    [actor.snapshot] = transition(actor.machine, actor.snapshot, event) as [AnyMachineSnapshot, []];
    const at = this.now();
    actor.since = at;
    this.tell([
      { at, event: { type: '@xstate.event', id: this.nextId(), sessionId, sourceId, event } },
      {
        at,
        event: {
          type: '@xstate.snapshot',
          id: this.nextId(),
          sessionId,
          event,
          snapshot: this.seen(actor),
        },
      },
    ]);
  }

  /** Those that are watched are told in full from now on, beginning with their definition. */
  watch(sessionIds: readonly string[]): void {
    const added = sessionIds.filter((sessionId) => !this.watched.has(sessionId));
    this.watched.clear();
    for (const sessionId of sessionIds) this.watched.add(sessionId);
    const known = added.flatMap((sessionId) => this.actors.get(sessionId) ?? []);
    if (known.length > 0) this.tell(known.map((actor) => this.introduction(actor)));
  }

  introduction(actor: FakeActor): LiveItem {
    const event: InspectionEvent = {
      type: '@xstate.actor',
      id: this.nextId(),
      sessionId: actor.sessionId,
      name: actor.sessionId,
      definition: this.watched.has(actor.sessionId) ? definitionOf(actor.machine) : undefined,
      snapshot: this.seen(actor),
    };
    return { at: this.now(), event };
  }

  private seen({ sessionId, snapshot, since }: FakeActor): InspectedSnapshot {
    const { value, status, context, tags } = snapshot;
    return this.watched.has(sessionId)
      ? { value, status, context, tags: [...tags], since }
      : { value, status, since };
  }

  private nextId(): string {
    this.told += 1;
    return `fake-${this.told}`;
  }

  private machineOf(sessionId: string): AnyStateMachine {
    const machine = machines[splitId(sessionId).kind];
    if (machine === undefined) throw new Error(`no machine for ${sessionId}`);
    return machine;
  }
}
