/** A framework as the leading master holds it. Its chart (machines/framework.ts) owns where it stands. */
import type { frameworkMachine } from '../../../machines/framework.ts';
import type { FrameworkEvent, FrameworkInfo } from '../../../protocol/framework-api.ts';
import type { AgentId, FrameworkId, RequestId } from '../../../protocol/ids.ts';
import {
  addResources,
  NOTHING,
  type Resources,
  subtractResources,
} from '../../../protocol/resources.ts';
import type { Lifecycle } from '../../lifecycle.ts';
import type { WaitingRequest } from '../allocators/contract.ts';
import type { Launch } from '../launches/launch.ts';
import type { Filters } from './filters.ts';
import type { Offer } from './offers.ts';
import type { EventStream } from './streams.ts';

export class Framework {
  readonly id: FrameworkId;
  /** Lives in the process of the leading master. */
  readonly isBundled: boolean;
  info: FrameworkInfo;
  /** Wall time of the last subscription. */
  subscribedAtMs: number;
  readonly launches = new Map<string, Launch>();
  readonly offers = new Set<Offer>();
  /** Those that wait for resources. */
  readonly requests = new Map<RequestId, WaitingRequest>();
  readonly filters: Filters;
  lifecycle!: Lifecycle<typeof frameworkMachine>;
  /** Of the present subscription. */
  stream: EventStream | undefined;
  /** Held by launches and offers. */
  allocated: Resources = NOTHING;

  constructor(
    id: FrameworkId,
    info: FrameworkInfo,
    isBundled: boolean,
    subscribedAtMs: number,
    filters: Filters,
  ) {
    this.id = id;
    this.info = info;
    this.isBundled = isBundled;
    this.subscribedAtMs = subscribedAtMs;
    this.filters = filters;
  }

  /** Nobody hears it while it is not subscribed: what must be heard is repeated then. */
  tell(event: FrameworkEvent): void {
    if (this.lifecycle.matches('subscribed')) this.stream?.deliver(event);
  }

  /** Whether it takes offers at the moment. */
  get isActive(): boolean {
    return this.lifecycle.matches('subscribed.active');
  }

  get isTornDown(): boolean {
    return this.lifecycle.matches('tornDown');
  }

  hasCapability(name: string): boolean {
    return this.info.capabilities?.some(({ type }) => type === name) ?? false;
  }

  /** Whether it has refused this of the agent, a moment ago. */
  refuses(agentId: AgentId, resources: Resources): boolean {
    return this.filters.covers(agentId, resources);
  }

  took(resources: Resources): void {
    this.allocated = addResources(this.allocated, resources);
  }

  gaveBack(resources: Resources): void {
    this.allocated = subtractResources(this.allocated, resources);
  }
}

/** Data of `/mesozoo/frameworks/<id>`. */
export interface FrameworkNode {
  readonly info: FrameworkInfo;
  readonly subscribedAtMs: number;
  /** Its id can never subscribe again. */
  readonly tornDown?: boolean;
  /** All that it had launched has ended too: there is no znode for launches any more. */
  readonly over?: boolean;
}

/** `over`: all that it had launched has ended. */
export function encodeFramework(framework: Framework, over: boolean): Uint8Array {
  const node: FrameworkNode = {
    info: framework.info,
    subscribedAtMs: framework.subscribedAtMs,
    ...(framework.isTornDown && { tornDown: true, over }),
  };
  return new TextEncoder().encode(JSON.stringify(node));
}

/** Throws SyntaxError for data that no master has written. */
export function decodeFramework(data: Uint8Array): FrameworkNode {
  const node = JSON.parse(new TextDecoder().decode(data)) as Partial<FrameworkNode>;
  if (node.info === undefined) throw new SyntaxError('the record of a framework has no info');
  return node as FrameworkNode;
}
