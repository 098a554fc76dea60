/**
 * Lives the launched tasks: sends a fact to a launch's chart, carries out the actions that the chart names, and hands
 * what happened to the framework as a status. Nothing here leaves before it is decided (see writes.ts).
 */

import { launchMachine } from '../../../machines/launch.ts';
import type { TaskStatus } from '../../../protocol/framework-api.ts';
import { contains } from '../../../protocol/resources.ts';
import type { TaskReason } from '../../../protocol/task-states.ts';
import type { Clock } from '../../actor.ts';
import { ShownGroup } from '../../inspected-group.ts';
import type { Inspection } from '../../inspection.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { Agents } from '../agents/agents.ts';
import type { Allocator } from '../allocators/contract.ts';
import type { LaunchBook } from './book.ts';
import { type LaunchAction, type LaunchEventType, launchChart } from './chart.ts';
import type { Launch } from './launch.ts';
import type { Statuses } from './statuses.ts';

/** What is known about a change, apart from the change itself. */
export interface Fact {
  readonly atMs: number;
  readonly source?: TaskStatus['source'];
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly exitCode?: number;
  readonly signal?: string;
}

export interface LaunchLifeParts {
  readonly clock: Clock;
  readonly launches: LaunchBook;
  readonly allocator: Allocator;
  readonly agents: Agents;
  readonly statuses: Statuses;
  readonly planted: PlantedBugs;
  readonly inspection?: Inspection | undefined;
  readonly orderKill: (launch: Launch) => void;
  readonly forgotten: (launch: Launch) => void;
}

export class LaunchLife {
  private readonly parts: LaunchLifeParts;
  private shown: ShownGroup<Launch> | undefined;

  constructor(parts: LaunchLifeParts) {
    this.parts = parts;
  }

  /** The book has all launches that were there before: from now on they can be inspected. */
  recovered(): void {
    const { inspection, launches } = this.parts;
    if (inspection === undefined) return;
    const shown = new ShownGroup<Launch>(inspection, {
      kind: 'launch',
      machine: launchMachine,
      book: launches,
      describe: ({ attemptId, chart, sinceMs, stagedAtMs }) => ({
        id: attemptId,
        snapshot: chart.snapshot,
        sinceMs: sinceMs ?? stagedAtMs,
      }),
    });
    this.shown = shown;
    launches.added = (launch) => shown.began(launch);
  }

  /** The leadership is over. */
  end(): void {
    this.shown?.leave();
  }

  knows(launch: Launch, event: LaunchEventType): boolean {
    return launchChart.knows(launch.chart, event);
  }

  /** Throws InvariantError when the launch's state does not know the event. */
  send(launch: Launch, event: LaunchEventType, fact: Fact): void {
    const before = launch.chart;
    const { next, actions } = launchChart.advance(before, event);
    launch.chart = next;
    if (next.value !== before.value) launch.sinceMs = fact.atMs;
    this.shown?.changed(launch, event);
    for (const action of actions) this.carryOut(action, launch);
    if (next.isFinal) return;
    this.parts.launches.changed(launch);
    if (launch.framework.isTornDown) this.acknowledged(launch);
    else if (next.state !== before.state) this.parts.statuses.add(launch, fact);
    if (this.parts.planted.has('launch-forgotten-before-acknowledgement'))
      this.forgetAtOnce(launch);
  }

  /** It is to be killed already: sooner now. */
  shortenKill(launch: Launch, graceMs: number): void {
    launch.killGraceMs = graceMs;
    this.parts.launches.changed(launch);
    this.parts.orderKill(launch);
  }

  /** Call when the framework has acknowledged a status: the end of an ended launch may have been the last. */
  acknowledged(launch: Launch): void {
    this.parts.launches.changed(launch);
    if (launch.chart.region === 'ended' && launch.pending.length === 0)
      this.send(launch, 'END_ACKNOWLEDGED', { atMs: this.parts.clock.wallMs() });
  }

  private forgetAtOnce(launch: Launch): void {
    if (launch.chart.region === 'ended' && !launch.framework.isBundled)
      this.send(launch, 'END_ACKNOWLEDGED', { atMs: this.parts.clock.wallMs() });
  }

  private carryOut(action: LaunchAction, launch: Launch): void {
    switch (action) {
      case 'orderKill':
        this.parts.orderKill(launch);
        return;
      case 'freeResources':
        this.freeResources(launch);
        return;
      case 'forget':
        this.parts.launches.remove(launch);
        this.parts.forgotten(launch);
        return;
      default:
        action satisfies never;
    }
  }

  private freeResources(launch: Launch): void {
    const { allocator, agents, planted } = this.parts;
    const { agentId, attemptId, resources, framework } = launch;
    agents.unassign(agentId, attemptId);
    framework.gaveBack(resources);
    allocator.recoverResources(agentId, resources, 1);
    const rest = allocator.allocated(agentId);
    if (planted.has('resource-freed-twice') && rest && contains(rest, { ...resources, ports: [] }))
      allocator.recoverResources(agentId, resources, 1);
  }
}
