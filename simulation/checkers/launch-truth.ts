/**
 * What the tree says about launched tasks of all frameworks, read from the entries as they are applied: together they
 * are never given more of an agent than it has; one that has ended stays so; none comes back once it is gone.
 */
import { launchChart } from '../../actors/master/launches/chart.ts';
import type { LaunchNode } from '../../actors/master/launches/launch.ts';
import { PENDING_MAX } from '../../actors/master/launches/statuses.ts';
import type { TaskStatus } from '../../protocol/framework-api.ts';
import type { ZnodeOperation } from '../../protocol/operations.ts';
import { treePaths } from '../../protocol/paths.ts';
import type { Resources } from '../../protocol/resources.ts';
import type { Violations } from '../violations.ts';
import { appliedOperations } from './applied-operations.ts';
import { tooMuchOf } from './held-resources.ts';
import type { AppliedSlot } from './truth.ts';

export interface KnownLaunch {
  readonly frameworkId: string;
  readonly attemptId: string;
  readonly taskId: string;
  readonly createdMs: number;
  /** When it left the tree. */
  deletedMs: number | undefined;
  /** As written last. */
  node: LaunchNode;
  /** All that the framework was to be told, each as it was written first, in that order. */
  readonly statuses: TaskStatus[];
  /** There were so many that some may have been left out. */
  crowded: boolean;
}

export class LaunchTruth {
  private readonly violations: Violations;
  private readonly total: Resources;
  private readonly nowMs: () => number;
  private readonly launches = new Map<string, KnownLaunch>();
  private readonly holdersByAgent = new Map<string, Set<KnownLaunch>>();

  constructor(violations: Violations, total: Resources, nowMs: () => number) {
    this.violations = violations;
    this.total = total;
    this.nowMs = nowMs;
  }

  /** By their task ids: all that a framework has ever launched. */
  ofFramework(id: string): ReadonlyMap<string, readonly KnownLaunch[]> {
    const byTask = new Map<string, KnownLaunch[]>();
    for (const launch of this.launches.values())
      if (launch.frameworkId === id)
        byTask.set(launch.taskId, [...(byTask.get(launch.taskId) ?? []), launch]);
    return byTask;
  }

  slot(applied: AppliedSlot): void {
    const touched = new Set<string>();
    for (const operation of appliedOperations(applied)) {
      const launch = this.operation(applied.slot, operation);
      if (launch !== undefined) touched.add(launch.node.agentId);
    }
    for (const agentId of touched) this.checkAgent(applied.slot, agentId);
  }

  private operation(slot: number, operation: ZnodeOperation): KnownLaunch | undefined {
    if (!('path' in operation)) return undefined;
    const place = placeOf(operation.path);
    if (place === undefined) return undefined;
    const known = this.launches.get(place.attemptId);
    switch (operation.kind) {
      case 'create':
        return this.created(slot, place, nodeOf(operation.data), known);
      case 'set':
        if (known !== undefined) this.changed(slot, known, nodeOf(operation.data));
        return known;
      case 'delete':
        if (known !== undefined) {
          known.deletedMs = this.nowMs();
          this.holders(known.node.agentId).delete(known);
        }
        return known;
      default:
        return undefined;
    }
  }

  private created(
    slot: number,
    { frameworkId, attemptId }: Place,
    node: LaunchNode,
    former: KnownLaunch | undefined,
  ): KnownLaunch {
    if (former !== undefined)
      this.violations.report(
        'launch-kept',
        `slot ${slot}: the attempt ${attemptId} is launched again: it was ${former.node.chart.value}`,
      );
    const launch: KnownLaunch = {
      frameworkId,
      attemptId,
      taskId: node.info.task_id.value,
      createdMs: this.nowMs(),
      deletedMs: undefined,
      node,
      statuses: [],
      crowded: false,
    };
    this.launches.set(attemptId, launch);
    this.note(launch, node);
    return launch;
  }

  private changed(slot: number, launch: KnownLaunch, node: LaunchNode): void {
    const before = launch.node.chart.value;
    if (hasEnded(launch.node) && node.chart.value !== before)
      this.violations.report(
        'launch-kept',
        `slot ${slot}: the launch ${launch.attemptId} was ${before} and becomes ${node.chart.value}`,
      );
    this.note(launch, node);
  }

  private note(launch: KnownLaunch, node: LaunchNode): void {
    launch.node = node;
    const holders = this.holders(node.agentId);
    if (hasEnded(node)) holders.delete(launch);
    else holders.add(launch);
    for (const status of node.pending)
      if (!launch.statuses.some(({ uuid }) => uuid === status.uuid)) launch.statuses.push(status);
    if (node.pending.length >= PENDING_MAX) launch.crowded = true;
  }

  private holders(agentId: string): Set<KnownLaunch> {
    const holders = this.holdersByAgent.get(agentId) ?? new Set();
    this.holdersByAgent.set(agentId, holders);
    return holders;
  }

  private checkAgent(slot: number, agentId: string): void {
    const held = [...this.holders(agentId)].map(({ attemptId, node }) => ({
      attemptId,
      resources: node.resources,
    }));
    const problem = tooMuchOf(this.total, held);
    if (problem !== undefined)
      this.violations.report('resources-once', `slot ${slot}: on agent ${agentId} ${problem}`);
  }
}

export function hasEnded({ chart: { value, killRequested } }: LaunchNode): boolean {
  return launchChart.restore({ value, context: { killRequested } }).region === 'ended';
}

function nodeOf(data: Uint8Array | null): LaunchNode {
  return JSON.parse(new TextDecoder().decode(data ?? undefined)) as LaunchNode;
}

interface Place {
  readonly frameworkId: string;
  readonly attemptId: string;
}

const launchPath = new RegExp(`^${treePaths.frameworks}/([^/]+)/tasks/([^/]+)$`);

function placeOf(path: string): Place | undefined {
  const match = launchPath.exec(path);
  return match === null ? undefined : { frameworkId: match[1]!, attemptId: match[2]! };
}
