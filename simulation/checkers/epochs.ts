/**
 * An order from a deposed master has no effect: once an agent has said that it accepted an epoch, it refuses every
 * order of an older one, and an attempt that was ordered in older epochs only does not start there. Reads the
 * messages between masters and agents as they are delivered.
 */
import { decode } from '../../protocol/codec.ts';
import type { AgentMessage, MasterOrder } from '../../protocol/orders.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { VirtualProcess } from '../processes/processes.ts';
import type { Violations } from '../violations.ts';

export interface EpochCheckerOptions {
  readonly cluster: string;
  /** Number of the run of an agent that is under way; undefined while it does not run, or stands still. */
  readonly runOf: (agent: string) => number | undefined;
  readonly after: (ms: number, run: () => void) => void;
}

/** A refusal leaves within the turn that took the order. */
const REFUSAL_MS = 20;

interface Ordered {
  /** Greatest epoch in which it was ordered before the agent accepted a greater one. */
  valid: boolean;
  readonly epochs: number[];
}

export class EpochChecker {
  private readonly violations: Violations;
  private readonly options: EpochCheckerOptions;
  /** By agent: refusals that it has sent. */
  private readonly refusals = new Map<string, number>();
  private readonly toAgents: string;
  private readonly toMasters: string;
  /** By agent (its process): greatest epoch that it has said to have accepted. */
  private readonly accepted = new Map<string, number>();
  /** By attempt. */
  private readonly orders = new Map<string, Ordered>();

  constructor(violations: Violations, options: EpochCheckerOptions) {
    this.violations = violations;
    this.options = options;
    const subjects = subjectsOf(options.cluster);
    this.toAgents = subjects.toAgent('' as never);
    this.toMasters = subjects.toMaster('' as never);
  }

  /** Every message as it leaves a process. */
  sent(from: string, subject: string, payload: Uint8Array): void {
    if (!subject.startsWith(this.toMasters)) return;
    const message = decode(payload).value as unknown as AgentMessage;
    if (message.type === 'refused') this.refusals.set(from, this.refusalsOf(from) + 1);
    if (message.type === 'epochAccepted')
      this.accepted.set(from, Math.max(this.accepted.get(from) ?? 0, message.epoch));
  }

  /** Every message as it reaches a process. */
  delivered(to: string, subject: string, payload: Uint8Array): void {
    if (!subject.startsWith(this.toAgents)) return;
    const order = decode(payload).value as unknown as MasterOrder;
    if (order.epoch < (this.accepted.get(to) ?? 0)) this.expectRefusal(to, order);
    if (order.type !== 'launch') return;
    const { attemptId } = order.attempt;
    const known = this.orders.get(attemptId) ?? { valid: false, epochs: [] };
    this.orders.set(attemptId, known);
    known.epochs.push(order.epoch);
    if (order.epoch >= (this.accepted.get(to) ?? 0)) known.valid = true;
  }

  private expectRefusal(agent: string, order: MasterOrder): void {
    const run = this.options.runOf(agent);
    const before = this.refusalsOf(agent);
    this.options.after(REFUSAL_MS, () => {
      if (this.options.runOf(agent) !== run || this.refusalsOf(agent) > before) return;
      this.violations.report(
        'old-epoch-without-effect',
        `${agent} did not refuse ${order.type} of epoch ${order.epoch}, although it has accepted ${this.accepted.get(agent)}`,
      );
    });
  }

  private refusalsOf(agent: string): number {
    return this.refusals.get(agent) ?? 0;
  }

  started(process: VirtualProcess): void {
    const ordered = this.orders.get(process.sandbox);
    if (ordered === undefined || ordered.valid) return;
    this.violations.report(
      'old-epoch-without-effect',
      `${process.machine} started ${process.sandbox}, which was ordered in epoch ${ordered.epochs.join(', ')} only; it had accepted ${this.accepted.get(process.machine)}`,
    );
  }
}
