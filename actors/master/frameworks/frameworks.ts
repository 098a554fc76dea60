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
import { HeardClock } from './heard-clock.ts';
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
  /** Whether a silence is the framework's own: not while we are cut off. */
  readonly isHeard: () => boolean;
  /** It has subscribed, and been told so. */
  readonly subscribed: (framework: Framework) => void;
  /** Its end: what it has launched is to be killed. */
  readonly killLaunches: (framework: Framework) => void;
}

/** Its record must fit a znode, however it is written there. */
const INFO_CHARACTERS_MAX = 64 * 1024;
/** Of those that are over: a script may make one at each run. */
const TORN_DOWN_MAX = 100;
const STEP_MAX_MS = 2_000;

/** As the tree has a framework: not at all, with or without the znode above its launches. */
type InTree = 'nothing' | 'record' | 'recordAndLaunches' | 'dropped';

export class Frameworks {
  readonly subscriptions = new Subscriptions();
  private readonly parts: FrameworksParts;
  private readonly frameworks = new Map<FrameworkId, Framework>();
  private readonly inTree = new Map<Framework, InTree>();
  private dirty = new Set<Framework>();
  /** Torn down a moment ago: an action of a chart cannot ask the chart yet where it stands. */
  private readonly ending: Framework[] = [];
  private readonly heardClock: HeardClock;
  private tickedAtMs: number;

  constructor(parts: FrameworksParts) {
    this.parts = parts;
    this.heardClock = new HeardClock(parts.clock);
    this.tickedAtMs = parts.clock.monotonicMs();
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
    // The bundled ones do not come by this door.
    if (framework.isBundled || framework.stream?.id !== streamId)
      throw new MesozooError('NOT_SUBSCRIBED');
    framework.stream.heard();
    return framework;
  }

  /** Found in the tree by a new leader. */
  recover(id: FrameworkId, node: FrameworkNode, isBundled: boolean): Framework {
    const framework = this.make(id, node.info, isBundled, node.subscribedAtMs);
    this.inTree.set(framework, node.over ? 'record' : 'recordAndLaunches');
    if (!node.tornDown || isBundled) return framework;
    framework.lifecycle.send({ type: 'TORN_DOWN' });
    // Nothing of it is left to be ended.
    if (node.over) this.ending.pop();
    return framework;
  }

  /** All have been recovered: from now on those elsewhere are waited for. */
  begin(): void {
    for (const framework of this.frameworks.values())
      if (!framework.isBundled && !framework.isTornDown)
        framework.lifecycle.send({ type: 'RECOVERED' });
  }

  /**
   * An id that is not known makes a new framework, as in Mesos. Throws NO_FRAMEWORK for one that was torn down, and
   * TOO_MANY_REQUESTS. `told` is called when the
   * subscription holds, before SUBSCRIBED is delivered; `superseded`, when another one came before it did.
   */
  subscribe(
    info: FrameworkInfo,
    stream: (framework: Framework) => EventStream,
    bundledAs: FrameworkId | undefined,
    told: (framework: Framework) => void,
    superseded: (error: MesozooError) => void,
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
    // As in Mesos what ran under the user goes on under it.
    const changed = { ...info, user: framework.info.user, id: { value: framework.id } };
    if (JSON.stringify(changed).length > INFO_CHARACTERS_MAX) {
      if (framework.lifecycle.matches('registering')) this.frameworks.delete(framework.id);
      throw new MesozooError(
        'PAYLOAD_TOO_LARGE',
        `the framework_info has more than ${INFO_CHARACTERS_MAX} characters`,
      );
    }
    this.endStream(framework, 'Framework failed over');
    framework.info = changed;
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
      if (framework.stream !== current) {
        superseded(new MesozooError('FAILED_OVER'));
        return;
      }
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
    const nowMs = this.parts.clock.monotonicMs();
    // A longer step is one in which this process stood still.
    const sinceMs = Math.min(nowMs - this.tickedAtMs, STEP_MAX_MS);
    this.tickedAtMs = nowMs;
    if (this.parts.isHeard()) this.heardClock.pass(sinceMs);
    this.dropOldest();
    for (const framework of [...this.frameworks.values()])
      if (framework.lifecycle.matches('subscribed') && !framework.stream!.tick())
        this.disconnect(framework);
  }

  /**
   * What is launched stands below the records: these are written before the changes of the launches, and the ends of
   * frameworks after them.
   */
  takeChanges(acl: AclEntry[]): { records: Iterable<WriteGroup>; ends: Iterable<WriteGroup> } {
    const changes = [...this.dirty];
    this.dirty = new Set();
    // Decided now: by the time it is written, launches of later turns may have gone.
    const isOver = (framework: Framework) =>
      framework.isTornDown &&
      framework.launches.size === 0 &&
      this.inTree.get(framework) === 'recordAndLaunches';
    return {
      records: this.recordsOf(
        changes.filter((framework) => !isOver(framework)),
        acl,
      ),
      ends: this.endsOf(changes.filter(isOver)),
    };
  }

  /** The leadership is over. */
  end(): void {
    for (const framework of this.frameworks.values()) {
      framework.stream?.end();
      framework.lifecycle.stop();
    }
  }

  private *recordsOf(changes: readonly Framework[], acl: AclEntry[]): Generator<WriteGroup> {
    for (const framework of changes) {
      const path = treePaths.framework(framework.id);
      const before = this.inTree.get(framework) ?? 'nothing';
      if (before === 'dropped') {
        this.inTree.delete(framework);
        yield [{ op: 'delete', path }];
        continue;
      }
      const data = encodeFramework(framework, before !== 'recordAndLaunches');
      const record: Write =
        before === 'nothing' ? { op: 'create', path, data, acl } : { op: 'set', path, data };
      if (!framework.isTornDown && before !== 'recordAndLaunches') {
        this.inTree.set(framework, 'recordAndLaunches');
        const launches = treePaths.launches(framework.id);
        yield [record, { op: 'create', path: launches, data: '', acl }];
      } else {
        if (before === 'nothing') this.inTree.set(framework, 'record');
        yield [record];
      }
    }
  }

  private *endsOf(over: readonly Framework[]): Generator<WriteGroup> {
    for (const framework of over) {
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

  /** The id of one that is dropped may subscribe again, as a new framework. */
  private dropOldest(): void {
    const over = [...this.frameworks.values()].filter(
      (framework) => framework.isTornDown && this.inTree.get(framework) === 'record',
    );
    over.sort((a, b) => a.subscribedAtMs - b.subscribedAtMs);
    for (const framework of over.slice(0, Math.max(0, over.length - TORN_DOWN_MAX))) {
      this.frameworks.delete(framework.id);
      this.inTree.set(framework, 'dropped');
      this.dirty.add(framework);
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
        clock: this.heardClock,
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
    for (const request of framework.requests.keys()) allocator.requestLeaves(request);
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
