/**
 * The frameworks that the leading master knows: subscription, failover under the same id, disconnection, the end. A
 * framework's znode is written before it is told that it has subscribed.
 */
import { frameworkMachine } from '../../../machines/framework.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import {
  type FrameworkEvent,
  type FrameworkInfo,
  type MasterInfo,
  REQUESTED_OFFERS,
} from '../../../protocol/framework-api.ts';
import type { FrameworkId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { AclEntry } from '../../../protocol/operations.ts';
import { treePaths } from '../../../protocol/paths.ts';
import type { FrameworkView } from '../../../protocol/task-api.ts';
import type { Clock, Logger, Random } from '../../actor.ts';
import type { Write, WriteGroup } from '../../bundled.ts';
import type { Inspection } from '../../inspection.ts';
import { Lifecycle } from '../../lifecycle.ts';
import type { Allocator } from '../allocators/contract.ts';
import { Filters } from './filters.ts';
import { encodeFramework, Framework, type FrameworkNode } from './framework.ts';
import type { Offers } from './offers.ts';
import { type EventStream, HEARTBEAT_SECONDS } from './streams.ts';
import { Subscriptions } from './subscriptions.ts';

export interface FrameworksParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly inspection?: Inspection | undefined;
  readonly allocator: Allocator;
  readonly offers: Offers;
  readonly masterInfo: MasterInfo;
  readonly afterwards: (effect: () => void) => void;
  /** It has subscribed, and been told so. */
  readonly subscribed: (framework: Framework) => void;
  /** Its end: what it has launched is to be killed. */
  readonly killLaunches: (framework: Framework) => void;
}

/** As the tree has a framework: not at all, with or without the znode above its launches. */
type InTree = 'nothing' | 'record' | 'recordAndLaunches';

export class Frameworks {
  readonly subscriptions = new Subscriptions();
  private readonly parts: FrameworksParts;
  private readonly frameworks = new Map<FrameworkId, Framework>();
  private readonly inTree = new Map<Framework, InTree>();
  private dirty = new Set<Framework>();
  /** Torn down a moment ago: an action of a chart cannot ask the chart yet where it stands. */
  private readonly ending: Framework[] = [];

  constructor(parts: FrameworksParts) {
    this.parts = parts;
  }

  get(id: FrameworkId): Framework | undefined {
    return this.frameworks.get(id);
  }

  all(): Iterable<Framework> {
    return this.frameworks.values();
  }

  /** Throws NO_FRAMEWORK, NOT_SUBSCRIBED. */
  ofCall(id: string, streamId: string): Framework {
    const framework = this.obtained(id);
    if (framework.stream === undefined || framework.stream.id !== streamId)
      throw new MesozooError('NOT_SUBSCRIBED');
    framework.stream.heard();
    return framework;
  }

  /** Found in the tree by a new leader. */
  recover(id: FrameworkId, node: FrameworkNode, isBundled: boolean): Framework {
    const framework = this.make(id, node.info, isBundled, node.subscribedAtMs);
    this.inTree.set(framework, node.over ? 'record' : 'recordAndLaunches');
    framework.lifecycle.send(node.tornDown ? { type: 'TORN_DOWN' } : { type: 'RECOVERED' });
    this.dirty.delete(framework);
    return framework;
  }

  /**
   * An id that is not known makes a new framework, as in Mesos. Throws NO_FRAMEWORK for one that was torn down, and
   * TOO_MANY_REQUESTS. `told` is called when the
   * subscription holds, before SUBSCRIBED is delivered.
   */
  subscribe(
    info: FrameworkInfo,
    stream: (framework: Framework) => EventStream,
    bundledAs: FrameworkId | undefined,
    told: (framework: Framework) => void,
  ): void {
    const framework =
      bundledAs !== undefined
        ? (this.frameworks.get(bundledAs) ?? this.make(bundledAs, info, true, 0))
        : info.id === undefined
          ? this.makeNew(info)
          : this.ofId(info.id.value as FrameworkId, info);
    if (framework.isBundled !== (bundledAs !== undefined))
      throw new MesozooError(
        'NO_FRAMEWORK',
        `the id ${framework.id} belongs to the cluster itself`,
      );
    this.endStream(framework, 'Framework failed over');
    // As in Mesos what ran under the user goes on under it.
    framework.info = { ...info, user: framework.info.user, id: { value: framework.id } };
    framework.subscribedAtMs = this.parts.clock.wallMs();
    framework.filters.clear();
    const current = stream(framework);
    framework.stream = current;
    framework.lifecycle.send({
      type: 'SUBSCRIBE_RECEIVED',
      failoverTimeoutMs: framework.info.failover_timeout * 1000,
    });
    this.parts.log.info('framework subscribes', { frameworkId: framework.id, name: info.name });
    this.parts.afterwards(() => {
      if (framework.stream !== current) return;
      told(framework);
      framework.lifecycle.send({ type: 'SUBSCRIBED' });
      framework.tell(this.subscribedEvent(framework));
      this.parts.subscribed(framework);
    });
  }

  disconnect(framework: Framework): void {
    this.parts.log.warn('framework is disconnected', { frameworkId: framework.id });
    this.endStream(framework);
    framework.lifecycle.offer({ type: 'DISCONNECTED' });
  }

  tearDown(framework: Framework): void {
    this.endStream(framework);
    framework.lifecycle.send({ type: 'TORN_DOWN' });
  }

  /** Before a turn's writes: ends what those have launched that were torn down. */
  settle(): void {
    for (let over = this.ending.shift(); over !== undefined; over = this.ending.shift()) {
      this.parts.log.info('framework is torn down', { frameworkId: over.id });
      this.dirty.add(over);
      this.parts.killLaunches(over);
    }
  }

  /** A launch of it is gone. */
  launchForgotten(framework: Framework): void {
    if (framework.isTornDown) this.dirty.add(framework);
  }

  views(): FrameworkView[] {
    return [...this.frameworks.values()].map((framework) => ({
      frameworkId: framework.id,
      name: framework.info.name,
      state: framework.lifecycle.state(),
      tasks: framework.launches.size,
      offers: framework.offers.size,
      allocated: framework.allocated,
    }));
  }

  tick(): void {
    for (const framework of [...this.frameworks.values()])
      if (framework.stream !== undefined && !framework.stream.tick()) this.disconnect(framework);
  }

  /**
   * `records` are to be written before what is launched, since it stands below them; `ends` after it, since only then
   * nothing stands below them any more.
   */
  takeChanges(acl: AclEntry[]): {
    readonly records: Iterable<WriteGroup>;
    readonly ends: Iterable<WriteGroup>;
  } {
    const changes = [...this.dirty];
    this.dirty = new Set();
    // Decided now: what is forgotten later is not among the launches that are written between the two.
    const over = new Set(changes.filter((framework) => this.isOver(framework)));
    const open = changes.filter((framework) => !over.has(framework));
    return { records: this.recordsOf(open, acl), ends: this.endsOf(over) };
  }

  /** The leadership is over. */
  end(): void {
    for (const framework of this.frameworks.values()) {
      framework.stream?.end();
      framework.lifecycle.stop();
    }
  }

  /** Torn down, and nothing that it has launched is left; the tree does not have it so yet. */
  private isOver(framework: Framework): boolean {
    return (
      framework.isTornDown &&
      framework.launches.size === 0 &&
      this.inTree.get(framework) === 'recordAndLaunches'
    );
  }

  private *recordsOf(frameworks: readonly Framework[], acl: AclEntry[]): Generator<WriteGroup> {
    for (const framework of frameworks) {
      const path = treePaths.framework(framework.id);
      const before = this.inTree.get(framework) ?? 'nothing';
      const data = encodeFramework(framework, before !== 'recordAndLaunches');
      const record: Write =
        before === 'nothing' ? { op: 'create', path, data, acl } : { op: 'set', path, data };
      if (framework.isTornDown || before === 'recordAndLaunches') {
        if (before === 'nothing') this.inTree.set(framework, 'record');
        yield [record];
      } else {
        const launches = treePaths.launches(framework.id);
        this.inTree.set(framework, 'recordAndLaunches');
        yield [record, { op: 'create', path: launches, data: '', acl }];
      }
    }
  }

  private *endsOf(frameworks: Iterable<Framework>): Generator<WriteGroup> {
    for (const framework of frameworks) {
      this.inTree.set(framework, 'record');
      yield [
        { op: 'delete', path: treePaths.launches(framework.id) },
        {
          op: 'set',
          path: treePaths.framework(framework.id),
          data: encodeFramework(framework, true),
        },
      ];
    }
  }

  /** Throws NO_FRAMEWORK. */
  private obtained(id: string): Framework {
    const framework = this.frameworks.get(id as FrameworkId);
    if (framework === undefined || framework.isTornDown)
      throw new MesozooError(
        'NO_FRAMEWORK',
        framework === undefined
          ? `there is no framework ${id}: subscribe without an id to get one`
          : `the framework ${id} was torn down: subscribe without an id to get a new one`,
      );
    return framework;
  }

  private ofId(id: FrameworkId, info: FrameworkInfo): Framework {
    if (this.frameworks.has(id)) return this.obtained(id);
    this.mayBeOneMore();
    return this.make(id, info, false, this.parts.clock.wallMs());
  }

  private mayBeOneMore(): void {
    if (this.frameworks.size >= limits.frameworks)
      throw new MesozooError(
        'TOO_MANY_REQUESTS',
        `${limits.frameworks} frameworks are known already`,
      );
  }

  private makeNew(info: FrameworkInfo): Framework {
    this.mayBeOneMore();
    const { clock, random } = this.parts;
    const name = info.name.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 60);
    for (;;) {
      const suffix = Math.floor(random.next() * 2 ** 40).toString(36);
      const time = Math.floor(clock.wallMs()).toString(36);
      const id = `${/^[A-Za-z0-9]/.test(name) ? '' : 'f'}${name}-${time}${suffix}` as FrameworkId;
      if (!this.frameworks.has(id)) return this.make(id, info, false, clock.wallMs());
    }
  }

  private make(
    id: FrameworkId,
    info: FrameworkInfo,
    isBundled: boolean,
    subscribedAtMs: number,
  ): Framework {
    const { allocator, clock } = this.parts;
    const framework = new Framework(id, info, isBundled, subscribedAtMs, new Filters(clock));
    framework.lifecycle = new Lifecycle(
      frameworkMachine.provide({
        actions: {
          activateFramework: () => allocator.activateFramework(id),
          deactivateFramework: () => this.deactivate(framework),
          suppressOffers: () => allocator.deactivateFramework(id),
          reviveOffers: () => allocator.activateFramework(id),
          recordFramework: () => void this.dirty.add(framework),
          forgetFramework: () => void this.ending.push(framework),
        },
      }),
      {
        id: `framework.${id}`,
        clock,
        inspection: this.parts.inspection,
        input: { failoverTimeoutMs: info.failover_timeout * 1000 },
      },
    );
    this.frameworks.set(id, framework);
    return framework;
  }

  /** Its subscription is over: what it has not answered or not got yet is void. */
  private deactivate(framework: Framework): void {
    const { allocator, offers } = this.parts;
    allocator.deactivateFramework(framework.id);
    offers.closeAll(framework);
    for (const request of framework.requests) allocator.requestLeaves(request);
    framework.requests.clear();
  }

  private endStream(framework: Framework, message?: string): void {
    const { stream } = framework;
    if (stream === undefined) return;
    framework.stream = undefined;
    if (message === undefined) stream.end();
    else {
      stream.deliver({ type: 'ERROR', error: { message } });
      this.parts.afterwards(() => stream.end());
    }
  }

  private subscribedEvent(framework: Framework): FrameworkEvent {
    return {
      type: 'SUBSCRIBED',
      subscribed: {
        framework_id: { value: framework.id },
        heartbeat_interval_seconds: HEARTBEAT_SECONDS,
        master_info: this.parts.masterInfo,
      },
    };
  }
}

/** Takes whatever agents have left. */
export function takesRemainders(framework: Framework): boolean {
  return !framework.hasCapability(REQUESTED_OFFERS);
}
