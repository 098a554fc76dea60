/**
 * The bundled framework `tasks`: it runs what is submitted on `mz.task.submit`. It is registered like any other: its
 * chart decides whether the allocator offers it anything, and its znode says what it is.
 */
import { frameworkMachine } from '../../../machines/framework.ts';
import type { AclEntry } from '../../../protocol/operations.ts';
import { treePaths } from '../../../protocol/paths.ts';
import type { Clock } from '../../actor.ts';
import type { Inspection } from '../../inspection.ts';
import { Lifecycle } from '../../lifecycle.ts';
import type { Allocator } from '../allocators/contract.ts';
import type { Write } from '../writes.ts';
import { tasksFrameworkId } from './ids.ts';

/** It lives with the leading master: it never fails over by itself. */
const FAILOVER_TIMEOUT_MS = 0;

export class TasksFramework {
  private readonly lifecycle: Lifecycle<typeof frameworkMachine>;
  private readonly allocator: Allocator;
  private toWrite: Write | undefined;
  private createWith: AclEntry[] | undefined;

  constructor(allocator: Allocator, clock: Clock, subscribedAtMs: number, inspection?: Inspection) {
    this.allocator = allocator;
    this.lifecycle = new Lifecycle(
      frameworkMachine.provide({
        actions: {
          activateFramework: () => allocator.activateFramework(tasksFrameworkId),
          deactivateFramework: () => allocator.deactivateFramework(tasksFrameworkId),
          suppressOffers: () => allocator.deactivateFramework(tasksFrameworkId),
          reviveOffers: () => allocator.activateFramework(tasksFrameworkId),
          recordFramework: () => {
            this.toWrite = recordOf(subscribedAtMs, this.createWith);
          },
        },
      }),
      {
        id: `framework.${tasksFrameworkId}`,
        clock,
        inspection,
        input: { failoverTimeoutMs: FAILOVER_TIMEOUT_MS },
      },
    );
  }

  /** `createWith`: the ACL of its znode, where that is not there yet. */
  subscribe(createWith: AclEntry[] | undefined): void {
    this.createWith = createWith;
    this.lifecycle.send({ type: 'SUBSCRIBE_RECEIVED' });
    this.lifecycle.send({ type: 'SUBSCRIBED' });
  }

  /** At the end of each turn: something that waits wants offers at once. */
  reviveIfWaiting(): void {
    if (this.allocator.waitingCount > 0) this.lifecycle.offer({ type: 'REVIVED' });
  }

  /** From time to time, so that a short pause between two tasks is no suppression. */
  suppressIfIdle(): void {
    if (this.allocator.waitingCount === 0) this.lifecycle.offer({ type: 'SUPPRESSED' });
  }

  state(): string {
    return this.lifecycle.state();
  }

  takeWrite(): Write | undefined {
    const write = this.toWrite;
    this.toWrite = undefined;
    return write;
  }

  stop(): void {
    this.lifecycle.stop();
  }
}

function recordOf(subscribedAtMs: number, createWith: AclEntry[] | undefined): Write {
  const path = treePaths.framework(tasksFrameworkId);
  const data = JSON.stringify({ id: tasksFrameworkId, name: 'tasks', subscribedAtMs });
  return createWith === undefined
    ? { op: 'set', path, data, version: -1 }
    : { op: 'create', path, data, acl: createWith };
}
