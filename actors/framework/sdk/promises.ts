/**
 * The SDK for programs that await: a thin façade over NatsLink and Scheduler, and the one place of the SDK where
 * promises are allowed.
 *
 * ```ts
 * for await (const offers of framework.offers())
 *   for (const agent of byAgent(offers)) {
 *     const resources = agent.take({ cpus: 0.1, mem: 32 });
 *     if (resources) await framework.launch(agent.offers, [taskInfo({ id, on: agent, resources, command })]);
 *     else await framework.decline(agent.offers);
 *   }
 * ```
 */
import type { z } from 'zod';
import { type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import type {
  CallReply,
  Filters,
  frameworkInfo,
  Offer,
  TaskStatus,
} from '../../../protocol/framework-api.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Ports } from '../../actor.ts';
import { NatsLink } from './nats-link.ts';
import { type Operation, type RequestInput, Scheduler, type TaskInfoInput } from './scheduler.ts';

export interface SubscribeOptions {
  /** `name` alone is needed. With the `id` of an earlier run its tasks are taken over. */
  readonly info: Partial<z.input<typeof frameworkInfo>> & { readonly name: string };
  /** First token of every subject: `mz` by default. */
  readonly cluster?: string;
  /** How long to wait for the first leader that takes the subscription; later ones are waited for for ever. */
  readonly deadlineMs?: number;
}

export interface Handlers {
  /** Offers that are neither accepted nor declined here are lent until the master rescinds them. */
  offers(offers: readonly Offer[]): void | Promise<void>;
  /** The update is acknowledged once this has returned. */
  update?(status: TaskStatus): void | Promise<void>;
}

/** How the subscription can end without being asked to, as an error's code. */
const codeOfEnd: Readonly<Record<string, ErrorCode>> = {
  tornDown: 'NO_FRAMEWORK',
  dismissed: 'NOT_SUBSCRIBED',
  rejected: 'BAD_REQUEST',
};

export class Framework {
  /** The calls with answers by callback: for what has no method here. */
  readonly scheduler: Scheduler;
  private readonly link: NatsLink;
  private readonly closed: () => Promise<void>;
  private openOffers = new Map<string, Offer>();
  /** By task and uuid: a repeat of one that still waits is no news. */
  private readonly waitingUpdates = new Map<string, TaskStatus>();
  private waiters: (() => void)[] = [];
  private end: { readonly error?: MesozooError } | undefined;
  private begun: () => void = () => undefined;

  /**
   * Rejects with what the master says against the framework (BAD_REQUEST; NO_FRAMEWORK for an id that was torn down),
   * or with UNAVAILABLE when no master has taken it in time.
   */
  static async subscribe(
    ports: Ports,
    options: SubscribeOptions,
    closed: () => Promise<void> = async () => undefined,
  ): Promise<Framework> {
    const framework = new Framework(ports, options, closed);
    try {
      await framework.firstSubscription(ports, options.deadlineMs ?? limits.requestDeadlineMs);
    } catch (error) {
      await framework.close();
      throw error;
    }
    return framework;
  }

  private constructor(ports: Ports, options: SubscribeOptions, closed: () => Promise<void>) {
    this.closed = closed;
    this.link = new NatsLink(ports, {
      cluster: options.cluster ?? 'mz',
      info: { user: '', failover_timeout: 0, ...options.info },
    });
    this.scheduler = new Scheduler(this.link, {
      subscribed: () => {
        this.openOffers.clear();
        this.begun();
      },
      offers: (offers) => {
        for (const offer of offers) this.openOffers.set(offer.id.value, offer);
        this.wake();
      },
      rescinded: (id) => this.openOffers.delete(id),
      update: (status) => {
        this.waitingUpdates.set(`${status.task_id.value} ${status.uuid ?? status.state}`, status);
        this.wake();
      },
      error: (message) =>
        this.over(new MesozooError(codeOfEnd[this.link.state()] ?? 'INTERNAL', message)),
    });
  }

  get id(): string {
    return this.link.frameworkId;
  }

  /** Batches of all that is on offer now. Ends with `close` and `teardown`; throws when the subscription is over. */
  async *offers(): AsyncGenerator<readonly Offer[], void, undefined> {
    while (await this.somethingIn(() => this.openOffers.size)) {
      const batch = [...this.openOffers.values()];
      this.openOffers.clear();
      yield batch;
    }
  }

  /**
   * What becomes of the tasks, each update acknowledged when the next is asked for; with `acknowledge: false` by
   * `acknowledge`. One may come twice. For one loop at a time; ends as `offers` does.
   */
  async *updates(
    options: { acknowledge?: boolean } = {},
  ): AsyncGenerator<TaskStatus, void, undefined> {
    while (await this.somethingIn(() => this.waitingUpdates.size)) {
      const [key, status] = this.waitingUpdates.entries().next().value!;
      // It stays until it was handled: a repeat that comes meanwhile is none.
      yield status;
      this.waitingUpdates.delete(key);
      // Without an answer of its own: where it fails, the update comes again.
      if (options.acknowledge !== false) this.scheduler.acknowledge(status);
    }
  }

  /** Both at once; resolves after `close` or `teardown`, rejects with what a handler threw or what ended the subscription. */
  async run(handlers: Handlers): Promise<void> {
    const offers = async () => {
      for await (const batch of this.offers()) await handlers.offers(batch);
    };
    const updates = async () => {
      for await (const status of this.updates()) await handlers.update?.(status);
    };
    await Promise.all([offers(), updates()]);
  }

  // Every call rejects with MesozooError; after an indefinite one (`definite` is false) it may have been carried out.

  launch(
    offers: readonly Pick<Offer, 'id'>[],
    tasks: readonly TaskInfoInput[],
    filters?: Filters,
  ): Promise<CallReply<'ACCEPT'>> {
    return ask((answer) => this.scheduler.launch(offers, tasks, filters, answer));
  }

  accept(
    offers: readonly Pick<Offer, 'id'>[],
    operations: readonly Operation[],
    filters?: Filters,
  ): Promise<CallReply<'ACCEPT'>> {
    return ask((answer) => this.scheduler.accept(offers, operations, filters, answer));
  }

  decline(offers: readonly Pick<Offer, 'id'>[], filters?: Filters): Promise<CallReply<'DECLINE'>> {
    return ask((answer) => this.scheduler.decline(offers, filters, answer));
  }

  revive(): Promise<CallReply<'REVIVE'>> {
    return ask((answer) => this.scheduler.revive(answer));
  }

  suppress(): Promise<CallReply<'SUPPRESS'>> {
    return ask((answer) => this.scheduler.suppress(answer));
  }

  kill(taskId: string, options: { graceSeconds?: number } = {}): Promise<CallReply<'KILL'>> {
    return ask((answer) => this.scheduler.kill({ value: taskId }, options, answer));
  }

  acknowledge(status: TaskStatus): Promise<CallReply<'ACKNOWLEDGE'>> {
    if (status.uuid === undefined) return Promise.resolve({});
    return ask((answer) => this.scheduler.acknowledge(status, answer));
  }

  reconcile(taskIds: readonly string[] = []): Promise<CallReply<'RECONCILE'>> {
    return ask((answer) =>
      this.scheduler.reconcile(
        taskIds.map((value) => ({ value })),
        answer,
      ),
    );
  }

  request(
    requests: readonly RequestInput[],
    withdraw: readonly string[] = [],
  ): Promise<CallReply<'REQUEST'>> {
    return ask((answer) => this.scheduler.request(requests, withdraw, answer));
  }

  explain(of: { requestId: string } | { taskId: string }): Promise<CallReply<'EXPLAIN'>> {
    const what = 'taskId' in of ? { taskId: { value: of.taskId } } : of;
    return ask((answer) => this.scheduler.explain(what, answer));
  }

  readOutput(
    taskId: string,
    piece: { stream?: 'stdout' | 'stderr'; offset?: number; length?: number } = {},
  ): Promise<CallReply<'READ_OUTPUT'>> {
    const of = { taskId: { value: taskId }, ...piece };
    return ask((answer) => this.scheduler.readOutput(of, answer));
  }

  /** Ends the framework and its tasks for good, and closes. */
  async teardown(): Promise<void> {
    await ask((answer) => this.scheduler.teardown(answer));
    await this.close();
  }

  /** Leaves; the tasks go on for the failover timeout, and a subscription under the same id takes them over. */
  async close(): Promise<void> {
    this.link.close();
    this.over();
    await this.closed();
  }

  private firstSubscription(ports: Ports, deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = ports.clock.after(deadlineMs, () =>
        reject(new MesozooError('UNAVAILABLE', 'no master has taken the subscription in time')),
      );
      this.begun = () => {
        deadline.cancel();
        resolve();
      };
      this.waiters.push(() => {
        if (this.end?.error === undefined) return;
        deadline.cancel();
        reject(this.end.error);
      });
      this.link.open();
    });
  }

  /** Waits until there is something, or nothing more will come. Throws what ended the subscription. */
  private async somethingIn(count: () => number): Promise<boolean> {
    while (count() === 0 && this.end === undefined)
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    if (this.end?.error !== undefined) throw this.end.error;
    return this.end === undefined;
  }

  private over(error?: MesozooError): void {
    this.end ??= { ...(error && { error }) };
    this.wake();
  }

  private wake(): void {
    for (const waiter of this.waiters.splice(0)) waiter();
  }
}

function ask<Reply>(
  call: (
    answer: (result: { ok: true; reply: Reply } | { ok: false; error: MesozooError }) => void,
  ) => void,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    call((result) => (result.ok ? resolve(result.reply) : reject(result.error)));
  });
}
