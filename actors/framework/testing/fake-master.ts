/**
 * For tests of frameworks: leading masters, one after another, that keep the contract of protocol/framework-api.ts over
 * a VirtualWorld. One that is killed takes its subscriptions and offers with it; the rest is in the FakeCluster.
 */
import { decode, encode, type Form } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import {
  type AcceptCall,
  type FrameworkCall,
  type FrameworkEvent,
  frameworkCall,
  type TaskStatus,
  taskInfo,
} from '../../../protocol/framework-api.ts';
import { toMesos } from '../../../protocol/mesos-resources.ts';
import type { Resources } from '../../../protocol/resources.ts';
import { subtractResources } from '../../../protocol/resources.ts';
import { subjectsOf } from '../../../protocol/subjects.ts';
import { isFinal } from '../../../protocol/task-states.ts';
import type { Delivery } from '../../actor.ts';
import type { VirtualTransport, VirtualWorld } from '../../coord/client/testing/virtual-world.ts';
import { FakeCluster, type FakeTask } from './fake-cluster.ts';

interface OpenOffer {
  readonly id: string;
  readonly agentId: string;
  readonly resources: Resources;
  readonly madeAtMs: number;
}

interface Stream {
  readonly id: string;
  readonly inbox: string;
  readonly form: Form;
  readonly offers: Map<string, OpenOffer>;
  /** By agent: not offered before. */
  readonly refusedUntilMs: Map<string, number>;
  sequence: number;
  suppressed: boolean;
  answeredAtMs: number;
}

interface Leader {
  readonly name: string;
  readonly transport: VirtualTransport;
  readonly streams: Map<string, Stream>;
}

type Subscribed = Exclude<FrameworkCall, { type: 'SUBSCRIBE' }>;

export const HEARTBEAT_MS = 2000;
const OFFER_TIMEOUT_MS = 10_000;
const SILENCE_MS = 10_000;
const TICK_MS = 100;
const UPDATE_AGAIN_MS = 5000;

export class FakeMaster {
  readonly cluster = new FakeCluster();
  /** Types of the calls that were taken, in order. */
  readonly calls: string[] = [];
  /** Answers a call with this error instead of taking it. */
  refuse: (call: FrameworkCall) => MesozooError | undefined = () => undefined;
  /** Takes the call, but says nothing. */
  isSilent: (call: FrameworkCall) => boolean = () => false;
  private readonly world: VirtualWorld;
  private leader: Leader | undefined;
  private counter = 0;

  constructor(world: VirtualWorld) {
    this.world = world;
    this.cluster.changed = (task) => this.tellUpdate(task);
  }

  lead(): void {
    this.kill();
    const name = `master${++this.counter}`;
    const { transport } = this.world.ports(name);
    const leader: Leader = { name, transport, streams: new Map() };
    this.leader = leader;
    transport.subscribe(
      subjectsOf('mz').frameworkCall(),
      (delivery) => this.receive(leader, delivery),
      { queue: name },
    );
    this.every(leader, TICK_MS, () => this.tick(leader));
    this.every(leader, HEARTBEAT_MS, () => this.beat(leader));
    this.every(leader, UPDATE_AGAIN_MS, () => {
      for (const task of this.cluster.tasks.values()) this.tellUpdate(task);
    });
  }

  kill(): void {
    if (this.leader === undefined) return;
    this.leader.transport.setConnected(false);
    this.leader = undefined;
  }

  removeAgent(id: string): void {
    this.cluster.removeAgent(id);
    for (const stream of this.leader?.streams.values() ?? []) {
      for (const offer of stream.offers.values())
        if (offer.agentId === id) this.rescind(stream, offer);
      this.tell(stream, { type: 'FAILURE', failure: { agent_id: { value: id } } });
    }
  }

  isSubscribed(frameworkId: string): boolean {
    return this.leader?.streams.has(frameworkId) ?? false;
  }

  offersOf(frameworkId: string): readonly OpenOffer[] {
    return [...(this.leader?.streams.get(frameworkId)?.offers.values() ?? [])];
  }

  isSuppressed(frameworkId: string): boolean {
    return this.leader?.streams.get(frameworkId)?.suppressed ?? false;
  }

  /** Ends the framework as an operator would. */
  tearDown(frameworkId: string): void {
    const stream = this.leader?.streams.get(frameworkId);
    this.cluster.tearDown(this.cluster.frameworks.get(frameworkId)!);
    if (stream === undefined) return;
    this.tell(stream, { type: 'ERROR', error: { message: 'Framework has been removed' } });
    this.leader?.streams.delete(frameworkId);
  }

  // ── Calls ─────────────────────────────────────────────────────────────────────────────────────────────────

  private receive(leader: Leader, delivery: Delivery): void {
    const { form, value } = decode(delivery.payload);
    const answer = (body: object) =>
      delivery.reply !== undefined && leader.transport.publish(delivery.reply, encode(body, form));
    const parsed = frameworkCall.safeParse(value);
    const problem = parsed.success
      ? this.refuse(parsed.data)
      : new MesozooError('BAD_REQUEST', parsed.error.message);
    if (problem !== undefined || !parsed.success) {
      answer({ error: problem!.toBody() });
      return;
    }
    try {
      const call = parsed.data;
      const reply =
        call.type === 'SUBSCRIBE'
          ? this.subscribe(leader, call, form, answer)
          : this.carryOut(leader, call);
      this.calls.push(call.type);
      if (!this.isSilent(call) && call.type !== 'SUBSCRIBE') answer(reply);
    } catch (error) {
      answer({ error: (error as MesozooError).toBody() });
    }
  }

  private subscribe(
    leader: Leader,
    call: Extract<FrameworkCall, { type: 'SUBSCRIBE' }>,
    form: Form,
    answer: (body: object) => void,
  ): object {
    const { framework_info: info } = call.subscribe;
    const id = call.framework_id?.value ?? `framework-${++this.counter}`;
    const known = this.cluster.frameworks.get(id);
    if (known?.tornDown) throw new MesozooError('NO_FRAMEWORK');
    const framework = { id, failoverTimeoutMs: info.failover_timeout * 1000, tornDown: false };
    this.cluster.frameworks.set(id, framework);
    const older = leader.streams.get(id);
    if (older?.inbox === call.events) {
      // A repeat of the message: it is the same subscription.
      const repeated = { framework_id: { value: id }, stream_id: older.id };
      answer(repeated);
      return repeated;
    }
    if (older !== undefined)
      this.tell(older, { type: 'ERROR', error: { message: 'Framework failed over' } });
    const stream: Stream = {
      ...{ id: `stream-${++this.counter}`, inbox: call.events, form, sequence: 0 },
      ...{ offers: new Map(), refusedUntilMs: new Map(), suppressed: false },
      answeredAtMs: this.nowMs(),
    };
    leader.streams.set(id, stream);
    const reply = { framework_id: { value: id }, stream_id: stream.id };
    if (!this.isSilent(call)) answer(reply);
    const master_info = { id: leader.name, hostname: 'here', port: 5050, version: '1' };
    this.tell(stream, {
      type: 'SUBSCRIBED',
      subscribed: {
        ...{ framework_id: { value: id }, master_info },
        heartbeat_interval_seconds: HEARTBEAT_MS / 1000,
      },
    });
    for (const task of this.cluster.tasks.values()) this.tellUpdate(task);
    return reply;
  }

  private carryOut(leader: Leader, call: Subscribed): object {
    const id = call.framework_id.value;
    const framework = this.cluster.frameworks.get(id);
    if (framework === undefined || framework.tornDown) throw new MesozooError('NO_FRAMEWORK');
    const stream = leader.streams.get(id);
    if (stream === undefined || stream.id !== call.stream_id)
      throw new MesozooError('NOT_SUBSCRIBED');
    switch (call.type) {
      case 'ACCEPT':
        this.accept(id, stream, call);
        break;
      case 'DECLINE':
        for (const { value } of call.decline.offer_ids)
          this.close(stream, value, call.decline.filters?.refuse_seconds);
        break;
      case 'SUPPRESS':
        stream.suppressed = true;
        break;
      case 'REVIVE':
        stream.suppressed = false;
        stream.refusedUntilMs.clear();
        break;
      case 'KILL':
        this.killTask(stream, call.kill.task_id.value);
        break;
      case 'ACKNOWLEDGE':
        this.cluster.acknowledge(call.acknowledge.task_id.value, call.acknowledge.uuid);
        break;
      case 'RECONCILE':
        this.reconcile(id, stream, call);
        break;
      case 'TEARDOWN':
        this.cluster.tearDown(framework);
        leader.streams.delete(id);
        break;
      case 'READ_OUTPUT': {
        const { task_id, offset } = call.read_output;
        const data = `output of ${task_id.value}`.slice(offset);
        return { data, offset, size: offset + data.length };
      }
      case 'EXPLAIN':
        return { why: 'it waits' };
      case 'FOLLOW_OUTPUT':
        return { lease_ms: 10_000, stdout_offset: 0, stderr_offset: 0 };
      case 'REQUEST':
        break;
      default:
        call satisfies never;
    }
    return {};
  }

  private accept(id: string, stream: Stream, { accept }: AcceptCall): void {
    const offers = accept.offer_ids.map(({ value }) => stream.offers.get(value));
    const infos = accept.operations.flatMap(({ launch }) => launch.task_infos);
    const valid = offers.every((offer) => offer?.agentId === offers[0]?.agentId && offer);
    let left = this.cluster.sum(offers.flatMap((offer) => (offer ? [offer.resources] : [])));
    for (const { value } of accept.offer_ids)
      this.close(stream, value, accept.filters?.refuse_seconds ?? 5);
    for (const given of infos) {
      const info = taskInfo.parse(given);
      // A repeat of the message says nothing about a task that was launched by it.
      if (!valid && this.cluster.tasks.has(info.task_id.value)) continue;
      if (!valid)
        this.tellLocally(stream, info.task_id.value, 'TASK_LOST', 'REASON_INVALID_OFFERS');
      else {
        const problem = this.cluster.problemOf(info, left);
        if (problem === undefined) left = subtractResources(left, this.cluster.launch(id, info));
        else this.tellLocally(stream, info.task_id.value, 'TASK_ERROR', 'REASON_TASK_INVALID');
      }
    }
  }

  private killTask(stream: Stream, taskId: string): void {
    const task = this.cluster.tasks.get(taskId);
    if (task === undefined) this.tellLocally(stream, taskId, 'TASK_LOST', 'REASON_TASK_UNKNOWN');
    else if (!isFinal(task.state))
      this.cluster.enterById(taskId, 'TASK_KILLED', 'REASON_TASK_KILLED');
  }

  private reconcile(
    id: string,
    stream: Stream,
    { reconcile }: Extract<FrameworkCall, { type: 'RECONCILE' }>,
  ): void {
    const named = reconcile.tasks.map(({ task_id }) => task_id.value);
    for (const taskId of named.length > 0 ? named : this.cluster.running(id)) {
      const task = this.cluster.tasks.get(taskId);
      if (task === undefined) this.tellLocally(stream, taskId, 'TASK_LOST', 'REASON_TASK_UNKNOWN');
      else this.tellLocally(stream, taskId, task.state, 'REASON_RECONCILIATION', task.agentId);
    }
  }

  // ── Events ────────────────────────────────────────────────────────────────────────────────────────────────

  private tell(stream: Stream, event: FrameworkEvent, reply?: string): void {
    stream.sequence += 1;
    const payload = encode({ ...event, sequence: stream.sequence }, stream.form);
    this.leader?.transport.publish(stream.inbox, payload, reply === undefined ? {} : { reply });
  }

  private tellUpdate(task: FakeTask): void {
    const stream = this.leader?.streams.get(task.frameworkId);
    const status = task.updates[0];
    if (stream !== undefined && status !== undefined)
      this.tell(stream, { type: 'UPDATE', update: { status } });
  }

  /** Without uuid: told once. */
  private tellLocally(
    stream: Stream,
    taskId: string,
    state: TaskStatus['state'],
    reason: TaskStatus['reason'],
    agentId?: string,
  ): void {
    const status: TaskStatus = {
      ...{ task_id: { value: taskId }, state, source: 'SOURCE_MASTER', timestamp: 0 },
      ...(reason && { reason }),
      ...(agentId !== undefined && { agent_id: { value: agentId } }),
    };
    this.tell(stream, { type: 'UPDATE', update: { status } });
  }

  // ── Time ──────────────────────────────────────────────────────────────────────────────────────────────────

  private tick(leader: Leader): void {
    for (const [id, stream] of leader.streams) {
      if (this.nowMs() - stream.answeredAtMs > SILENCE_MS) this.disconnect(leader, id);
      for (const offer of stream.offers.values())
        if (this.nowMs() - offer.madeAtMs >= OFFER_TIMEOUT_MS) this.rescind(stream, offer);
      if (!stream.suppressed) this.offer(leader, id, stream);
    }
  }

  /** All that an agent has left and nobody was offered, as one offer. */
  private offer(leader: Leader, id: string, stream: Stream): void {
    const offered = new Set(
      [...leader.streams.values()].flatMap(({ offers }) =>
        [...offers.values()].map(({ agentId }) => agentId),
      ),
    );
    const offers = [...this.cluster.agents.values()]
      .filter((agent) => !offered.has(agent.id))
      .filter((agent) => (stream.refusedUntilMs.get(agent.id) ?? 0) <= this.nowMs())
      .map((agent) => ({ agent, resources: this.cluster.available(agent) }))
      .filter(({ resources }) => resources.cpus > 0)
      .map(({ agent, resources }) => {
        const offerId = `offer-${++this.counter}`;
        const open = { id: offerId, agentId: agent.id, resources, madeAtMs: this.nowMs() };
        stream.offers.set(offerId, open);
        return {
          ...{ id: { value: offerId }, framework_id: { value: id } },
          ...{ agent_id: { value: agent.id }, hostname: agent.hostname },
          ...{ resources: toMesos(resources), attributes: this.cluster.attributesOf(agent) },
        };
      });
    if (offers.length > 0) this.tell(stream, { type: 'OFFERS', offers: { offers } });
  }

  private close(stream: Stream, offerId: string, refuseSeconds = 5): void {
    const offer = stream.offers.get(offerId);
    stream.offers.delete(offerId);
    if (offer !== undefined)
      stream.refusedUntilMs.set(offer.agentId, this.nowMs() + refuseSeconds * 1000);
  }

  private rescind(stream: Stream, { id }: OpenOffer): void {
    stream.offers.delete(id);
    this.tell(stream, { type: 'RESCIND', rescind: { offer_id: { value: id } } });
  }

  private beat(leader: Leader): void {
    for (const stream of leader.streams.values()) {
      const reply = `${leader.transport.inbox}.beat.${++this.counter}`;
      const waiting = leader.transport.subscribe(reply, ({ status }) => {
        waiting.unsubscribe();
        if (status === undefined) stream.answeredAtMs = this.nowMs();
      });
      this.tell(stream, { type: 'HEARTBEAT' }, reply);
    }
  }

  private disconnect(leader: Leader, id: string): void {
    leader.streams.delete(id);
    const framework = this.cluster.frameworks.get(id)!;
    this.world.clock.after(framework.failoverTimeoutMs, () => {
      const isBack = this.isSubscribed(id) || framework !== this.cluster.frameworks.get(id);
      if (!isBack) this.cluster.tearDown(framework);
    });
  }

  private every(leader: Leader, ms: number, run: () => void): void {
    this.world.clock.after(ms, () => {
      if (this.leader !== leader) return;
      run();
      this.every(leader, ms, run);
    });
  }

  private nowMs(): number {
    return this.world.clock.monotonicMs();
  }
}
