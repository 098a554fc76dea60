/** For tests: a NATS in memory, a clock that is moved by hand, and charts to look at. */
import { setup } from 'xstate';
import type { Clock, Delivery, Transport } from '../../../actors/actor.ts';
import { Lifecycle } from '../../../actors/lifecycle.ts';
import { silentLog } from '../../../actors/testing/silent-log.ts';
import { subscriptionOf } from '../../../actors/testing/subscription.ts';
import { decode, encode } from '../../../protocol/codec.ts';
import type { InspectionEvent } from '../../../protocol/inspection-api.ts';
import { ProcessInspection } from '../process-inspection.ts';

export class HandClock implements Clock {
  nowMs = 1_000_000;
  private timers: { readonly atMs: number; readonly run: () => void }[] = [];

  monotonicMs = (): number => this.nowMs;
  wallMs = (): number => this.nowMs;

  after(delayMs: number, run: () => void) {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.timers.push(timer);
    return {
      cancel: () => {
        this.timers = this.timers.filter((each) => each !== timer);
      },
    };
  }

  /** Runs what is due, in order, what is set meanwhile too. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = this.timers
        .filter((timer) => timer.atMs <= untilMs)
        .sort((one, other) => one.atMs - other.atMs)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.run();
    }
    this.nowMs = untilMs;
  }
}

/** Everybody hears everything that he has subscribed to, at once. */
export class Bus {
  private readonly subscriptions = new Set<{
    wanted: RegExp;
    handle: (got: Delivery) => unknown;
  }>();
  private readonly connectionHandlers: ((connected: boolean) => void)[] = [];
  private joined = 0;
  connected = true;

  /** While it is paused nothing reaches it, and nothing leaves. */
  transport(isPaused = () => false): Transport {
    this.joined += 1;
    return {
      inbox: `_INBOX.t${this.joined}`,
      maxPayloadBytes: 1024 * 1024,
      publish: (subject, payload, options) => {
        if (!this.connected || isPaused()) return;
        const { reply } = options ?? {};
        for (const { wanted, handle } of [...this.subscriptions])
          if (wanted.test(subject))
            handle({ subject, payload, ...(reply !== undefined && { reply }) });
      },
      subscribe: (subject, handle) => {
        const pattern = subject.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace(/>$/, '.+');
        const wanted = new RegExp(`^${pattern}$`);
        const subscription = { wanted, handle: (got: Delivery) => isPaused() || handle(got) };
        this.subscriptions.add(subscription);
        return subscriptionOf(() => this.subscriptions.delete(subscription));
      },
      serve: () => subscriptionOf(() => undefined),
      isConnected: () => this.connected,
      onConnection: (handler) => this.connectionHandlers.push(handler),
    };
  }

  connect(connected: boolean): void {
    this.connected = connected;
    for (const handler of this.connectionHandlers) handler(connected);
  }
}

export const doorMachine = setup({
  types: {
    context: {} as { opened: number },
    events: {} as
      | { type: 'OPENED'; by?: string }
      | { type: 'CLOSED' }
      | { type: 'KNOCKED' }
      | { type: 'BROKEN' },
  },
  actions: { answer: () => undefined },
  delays: { closingDelay: 100 },
}).createMachine({
  id: 'door',
  context: { opened: 0 },
  initial: 'closed',
  states: {
    closed: { on: { OPENED: 'open', KNOCKED: { actions: 'answer' }, BROKEN: 'broken' } },
    open: {
      initial: 'ajar',
      on: { CLOSED: 'closed', BROKEN: 'broken' },
      after: { closingDelay: 'closed' },
      states: { ajar: { tags: 'draughty' } },
    },
    broken: { type: 'final' },
  },
});

/** One process with an inspection, and a listener that asks by hand. */
export class World {
  readonly clock = new HandClock();
  readonly bus = new Bus();
  readonly heard: InspectionEvent[] = [];
  readonly subjects: string[] = [];
  readonly answers: Record<string, unknown>[] = [];
  readonly errors: unknown[] = [];
  paused = false;
  readonly inspection: ProcessInspection;
  private readonly client: Transport;

  constructor() {
    this.inspection = this.process('master-1');
    this.client = this.bus.transport();
    this.client.subscribe('mz.inspect.*.>', ({ subject, payload }) => {
      this.subjects.push(subject);
      this.heard.push(decode(payload).value as unknown as InspectionEvent);
    });
    this.client.subscribe(`${this.client.inbox}.answer`, ({ payload }) =>
      this.answers.push(decode(payload).value),
    );
  }

  process(name: string): ProcessInspection {
    return new ProcessInspection({
      transport: this.bus.transport(() => this.paused),
      clock: this.clock,
      log: {
        ...silentLog,
        error: (_message, fields) => this.errors.push(fields?.error),
      },
      defer: (run) => this.clock.after(0, run),
      cluster: 'mz',
      process: name,
    });
  }

  door(id: string, inspection = this.inspection): Lifecycle<typeof doorMachine> {
    return new Lifecycle(doorMachine, { id: `master.${id}`, clock: this.clock, inspection });
  }

  /** Returns the answer. */
  ask(request: object | Uint8Array): Record<string, unknown> {
    const payload = request instanceof Uint8Array ? request : encode(request, 'json');
    this.client.publish('mz.inspect.start', payload, { reply: `${this.client.inbox}.answer` });
    return this.answers.at(-1)!;
  }

  /** What was told meanwhile, in short: `actor master.1 closed`. */
  told(): string[] {
    return this.heard.splice(0).map((event) => {
      const what = event.type.slice('@xstate.'.length);
      if (event.type === '@xstate.event') return `${what} ${event.sessionId} ${event.event.type}`;
      const { status, value } = event.snapshot;
      const state = typeof value === 'string' ? value : JSON.stringify(value);
      return [what, event.sessionId, state, ...(status === 'active' ? [] : [status])].join(' ');
    });
  }
}
