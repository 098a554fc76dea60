/** For tests of the SDK: a framework that launches nothing by itself, and remembers what it was told. */
import type { MesozooError } from '../../../protocol/errors.ts';
import type { Offer, TaskStatus } from '../../../protocol/framework-api.ts';
import { toMesos } from '../../../protocol/mesos-resources.ts';
import { NOTHING } from '../../../protocol/resources.ts';
import type { VirtualTransport, VirtualWorld } from '../../coord/client/testing/virtual-world.ts';
import { NatsLink, type NatsLinkOptions } from '../sdk/nats-link.ts';
import { Scheduler, type TaskInfoInput } from '../sdk/scheduler.ts';

export class TestFramework {
  readonly link: NatsLink;
  readonly scheduler: Scheduler;
  readonly transport: VirtualTransport;
  /** One word an event, in the order in which they were told. */
  readonly heard: string[] = [];
  readonly updates: TaskStatus[] = [];
  /** Of calls without a listener of their own. */
  readonly failures: MesozooError[] = [];
  readonly errors: string[] = [];
  offers: Offer[] = [];
  /** Of the masters that it was subscribed with. */
  readonly masters: string[] = [];

  constructor(
    world: VirtualWorld,
    name: string,
    info: Partial<NatsLinkOptions['info']> = {},
    form: 'json' | 'msgpack' = 'msgpack',
  ) {
    const ports = world.ports(name);
    this.transport = ports.transport;
    this.link = new NatsLink(ports, {
      cluster: 'mz',
      info: { user: 'nobody', name: 'test', failover_timeout: 60, ...info },
      form,
    });
    this.scheduler = new Scheduler(this.link, {
      subscribed: ({ masterInfo }) => {
        this.heard.push('subscribed');
        this.masters.push(masterInfo.id);
        this.offers = [];
      },
      offers: (offers) => {
        this.heard.push('offers');
        this.offers.push(...offers);
      },
      rescinded: (id) => {
        this.heard.push('rescinded');
        this.offers = this.offers.filter((offer) => offer.id.value !== id);
      },
      update: (status) => {
        this.heard.push(`${status.task_id.value} ${status.state}`);
        this.updates.push(status);
      },
      failure: (agentId) => this.heard.push(`failure ${agentId}`),
      error: (message) => this.errors.push(message),
      callFailed: (_call, error) => this.failures.push(error),
    });
    this.link.open();
  }

  /** Everything that is on offer now, taken out of `offers`. */
  take(): Offer[] {
    return this.offers.splice(0);
  }

  task(id: string, agentId: string, cpus = 1): TaskInfoInput {
    return {
      name: id,
      task_id: { value: id },
      agent_id: { value: agentId },
      resources: toMesos({ ...NOTHING, cpus }),
      command: { value: 'true' },
    };
  }
}
