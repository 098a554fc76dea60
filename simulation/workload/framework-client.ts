/**
 * A framework as somebody outside would write it with the SDK, over an ordinary connection: takes offers, launches,
 * declines, kills, asks for more, is slow to acknowledge, and reconciles. What it must not forget is in its records.
 */
import type { Actor, Ports } from '../../actors/actor.ts';
import { type AgentOffers, byAgent } from '../../actors/framework/sdk/agent-offers.ts';
import { NatsLink } from '../../actors/framework/sdk/nats-link.ts';
import { Scheduler, type TaskInfoInput } from '../../actors/framework/sdk/scheduler.ts';
import type { Offer, TaskStatus } from '../../protocol/framework-api.ts';
import { fromMesos, toMesos } from '../../protocol/mesos-resources.ts';
import { contains, countPorts, NOTHING, type Resources } from '../../protocol/resources.ts';
import { isFinal } from '../../protocol/task-states.ts';
import type { SeededRandom } from '../random.ts';
import type { FrameworkRecords } from './framework-records.ts';
import { randomTask } from './framework-task.ts';

export interface FrameworkClientOptions {
  /** Of this process; tasks are named after it and its run. */
  readonly name: string;
  readonly cluster: string;
  readonly records: FrameworkRecords;
  readonly random: SeededRandom;
  readonly thinkMs: readonly [number, number];
  readonly tasksMax: number;
  readonly capabilities: readonly string[];
  /** Chance that a status is acknowledged only when it comes again. */
  readonly forgetsChance: number;
  /** All that an agent of the cluster has. */
  readonly agentTotal: Resources;
  /** Instead of coming to rest it is torn down in the end. */
  readonly tearsDown: boolean;
  readonly run: number;
}

/** Longer than any run: its tasks stay while it is away. */
const FAILOVER_SECONDS = 3600;
/** In the quiet time: so that what comes free is offered again soon. */
const QUIET_REFUSE_SECONDS = 0.3;
/** In the quiet time, for the whole of an agent. */
const LAST_REQUEST = 'last';

export class FrameworkClient implements Actor {
  private readonly ports: Ports;
  private readonly options: FrameworkClientOptions;
  private link: NatsLink | undefined;
  private scheduler: Scheduler | undefined;
  private readonly offers = new Map<string, Offer>();
  private readonly requests = new Set<string>();
  private isSuppressed = false;
  private issuing = true;
  private counter = 0;

  constructor(ports: Ports, options: FrameworkClientOptions) {
    this.ports = ports;
    this.options = options;
  }

  start(): void {
    if (this.issuing) this.open();
    this.next();
  }

  endTurn(): void {
    // Everything happens as it comes: there is nothing to gather.
  }

  stop(done: () => void): void {
    this.link?.close();
    done();
  }

  /** Its subscription, as its own chart has it. */
  get state(): string {
    return this.link?.state() ?? 'not open';
  }

  stopIssuing(): void {
    this.issuing = false;
  }

  /** Leaves the framework to the other instance. */
  leave(): void {
    this.stopIssuing();
    this.link?.close();
  }

  /** In the quiet time: brings everything to its end, as the options say. */
  probe(): void {
    const { records, tearsDown } = this.options;
    const mayOpen = this.isDismissed() || (this.state === 'tornDown' && !records.isRefused);
    if (this.link === undefined || mayOpen) this.open();
    const { scheduler } = this;
    if (scheduler === undefined || this.state !== 'subscribed') return;
    if (tearsDown) {
      records.tearsDown();
      scheduler.teardown();
    } else this.rest(scheduler);
  }

  /** Takes all back that keeps anything from coming to its end, and asks after what is open. */
  private rest(scheduler: Scheduler): void {
    const { records, agentTotal } = this.options;
    if (this.isSuppressed) scheduler.revive(this.takenThen(() => (this.isSuppressed = false)));
    this.withdraw([...this.requests].filter((id) => id !== LAST_REQUEST));
    if (!records.isLastRequestMet && !this.requests.has(LAST_REQUEST)) {
      this.requests.add(LAST_REQUEST);
      const resources = toMesos({ ...agentTotal, ports: [] });
      const port_count = countPorts(agentTotal.ports);
      scheduler.request([{ id: LAST_REQUEST, resources, port_count }]);
    }
    this.reconcile();
    this.decline([...this.offers.values()], QUIET_REFUSE_SECONDS);
  }

  // ── The subscription ────────────────────────────────────────────────────────────────────────────────────────

  private open(): void {
    const { cluster, records, capabilities, random } = this.options;
    const link = new NatsLink(this.ports, {
      cluster,
      info: {
        user: 'simulated',
        name: 'simulated',
        id: { value: records.id },
        failover_timeout: FAILOVER_SECONDS,
        capabilities: capabilities.map((type) => ({ type })),
      },
      form: random.pick(['json', 'msgpack']),
    });
    this.link = link;
    this.scheduler = new Scheduler(link, {
      subscribed: () => this.begin(),
      offers: (offers) => this.take(offers),
      rescinded: (id) => this.offers.delete(id),
      update: (status) => this.update(status),
      error: (message) => this.over(message),
    });
    link.open();
  }

  private over(message: string): void {
    this.offers.clear();
    const { records } = this.options;
    if (this.state === 'tornDown' && records.tornDownFromMs !== undefined) records.isRefused = true;
    else records.dismissals.push(message);
  }

  /** Another instance has taken over. */
  private isDismissed(): boolean {
    return this.state === 'dismissed';
  }

  private begin(): void {
    this.offers.clear();
    this.requests.clear();
    this.isSuppressed = false;
    this.reconcile();
    if (this.options.random.chance(0.3)) this.scheduler?.reconcile();
  }

  private reconcile(): void {
    const open = this.options.records.open();
    // Without a name all that has not ended is asked for.
    if (open.length > 0) this.scheduler?.reconcile(open.map(({ taskId }) => ({ value: taskId })));
  }

  // ── What it does by itself ──────────────────────────────────────────────────────────────────────────────────

  private next(): void {
    const { thinkMs, random } = this.options;
    this.ports.clock.after(random.between(...thinkMs), () => {
      if (this.issuing) this.act();
      this.next();
    });
  }

  private act(): void {
    const { random, records } = this.options;
    // Somebody starts it again, sooner or later.
    if (this.isDismissed() && random.chance(0.1)) this.open();
    if (this.state !== 'subscribed') return;
    const open = records.open();
    const action = random.weighted({
      answer: this.offers.size > 0 ? 8 : 0,
      kill: open.length > 0 ? 1 : 0,
      suppress: this.isSuppressed ? 0 : 0.2,
      revive: this.isSuppressed ? 2 : 0.2,
      reconcile: 0.3,
      request: 0.6,
      withdraw: this.requests.size > 0 ? 0.4 : 0,
    });
    if (action === 'answer') this.answer(random.pick(byAgent([...this.offers.values()])));
    if (action === 'kill') this.kill(random.pick(open).taskId);
    if (action === 'suppress') this.suppress();
    if (action === 'revive')
      this.scheduler?.revive(this.takenThen(() => (this.isSuppressed = false)));
    if (action === 'reconcile') this.reconcile();
    if (action === 'request') this.request();
    if (action === 'withdraw') this.withdraw([random.pick([...this.requests])]);
  }

  private answer(agent: AgentOffers): void {
    const { random, records, tasksMax } = this.options;
    const tasks: TaskInfoInput[] = [];
    if (records.tasks.size < tasksMax && random.chance(0.7))
      for (let count = random.whole(1, 3); count > 0; count--) tasks.push(...this.newTask(agent));
    if (tasks.length === 0) {
      this.decline(agent.offers, random.pick([0, 0, 0.5, 3]));
      return;
    }
    this.forget(agent.offers);
    const filters = random.chance(0.5) ? { refuse_seconds: random.pick([0, 1]) } : undefined;
    this.scheduler?.launch(agent.offers, tasks, filters);
  }

  private newTask(agent: AgentOffers): TaskInfoInput[] {
    const { random, records, name, run } = this.options;
    const task = randomTask(random, `${name}.${run}.${this.counter++}`, agent);
    if (task === undefined) return [];
    records.add(task.record);
    return [task.info];
  }

  private decline(offers: readonly Offer[], seconds: number): void {
    if (offers.length === 0) return;
    this.forget(offers);
    this.scheduler?.decline(offers, { refuse_seconds: seconds });
  }

  private forget(offers: readonly Offer[]): void {
    for (const { id } of offers) this.offers.delete(id.value);
  }

  private kill(taskId: string): void {
    const { random, records } = this.options;
    records.tasks.get(taskId)!.killAsked = true;
    this.scheduler?.kill(
      { value: taskId },
      random.chance(0.5) ? { graceSeconds: random.pick([0, 0.1, 1]) } : {},
    );
  }

  private suppress(): void {
    this.isSuppressed = true;
    this.scheduler?.suppress();
  }

  private request(): void {
    const { random } = this.options;
    const id = `r${this.counter++}`;
    this.requests.add(id);
    const resources = toMesos({ ...NOTHING, cpus: random.pick([0.5, 2, 4]), mem: 64 });
    this.scheduler?.request([{ id, resources, port_count: random.pick([0, 0, 2]) }]);
  }

  private withdraw(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.scheduler?.request(
      [],
      ids,
      this.takenThen(() => {
        for (const id of ids) this.requests.delete(id);
      }),
    );
  }

  // ── What it is told ─────────────────────────────────────────────────────────────────────────────────────────

  private take(offers: readonly Offer[]): void {
    const { records, agentTotal } = this.options;
    for (const offer of offers) {
      this.offers.set(offer.id.value, offer);
      for (const { id } of offer.requests ?? []) {
        this.requests.delete(id);
        if (id === LAST_REQUEST) records.isLastRequestMet = true;
      }
      if (contains(fromMesos(offer.resources), agentTotal))
        records.offeredWhole.add(offer.hostname);
    }
    if (!this.issuing) this.decline(offers, QUIET_REFUSE_SECONDS);
  }

  private update(status: TaskStatus): void {
    const { records, random, forgetsChance } = this.options;
    records.heard(status);
    if (status.uuid === undefined) return;
    if (!this.issuing || random.chance(0.6)) this.acknowledge(status);
    else if (!random.chance(forgetsChance))
      this.ports.clock.after(random.between(10, 3000), () => this.acknowledge(status));
  }

  private acknowledge(status: TaskStatus): void {
    if (this.state !== 'subscribed') return;
    const { records } = this.options;
    records.acknowledges(status);
    const taken = this.takenThen(() => records.acknowledged(status));
    this.scheduler?.acknowledge(status, isFinal(status.state) ? taken : undefined);
  }

  private takenThen(run: () => void): (result: { readonly ok: boolean }) => void {
    return ({ ok }) => {
      if (ok) run();
    };
  }
}
