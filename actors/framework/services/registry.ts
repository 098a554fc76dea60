/**
 * Tells the world where a service's instances are: `/services/<name>/<instance>`, plain znodes, since the instances
 * outlive whoever launched them. Writes until the tree has what was told last.
 */
import type { MesozooError } from '../../../protocol/errors.ts';
import type { Clock, Logger } from '../../actor.ts';
import type { CoordClient } from '../../coord/client/contract.ts';
import type { InstanceRecord, Registry } from './spec.ts';

export const servicePaths = {
  /** Its data name the framework that keeps it. */
  service: (name: string) => `/services/${name}`,
  instance: (name: string, id: string) => `/services/${name}/${id}`,
  /** How many instances there are to be, as a number in text. */
  instances: (name: string) => `/config/services/${name}`,
} as const;

const RETRY_MS = 1000;

export class ServiceRegistry implements Registry {
  private readonly client: CoordClient;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly name: string;
  /** What the tree is to have; undefined: nothing. Dropped once it has it. */
  private readonly told = new Map<string, InstanceRecord | undefined>();
  private readonly writing = new Set<string>();
  /** Ids that have a znode, as far as is known. */
  private readonly present: Set<string>;
  private waiters: (() => void)[] = [];

  constructor(
    client: CoordClient,
    parts: { clock: Clock; log: Logger; name: string; present: Iterable<string> },
  ) {
    this.client = client;
    this.clock = parts.clock;
    this.log = parts.log;
    this.name = parts.name;
    this.present = new Set(parts.present);
  }

  register(record: InstanceRecord): void {
    this.told.set(record.id, record);
    this.write(record.id);
  }

  withdraw(id: string): void {
    this.told.set(id, undefined);
    this.write(id);
  }

  /** Calls back when the tree has everything that was told. */
  whenWritten(done: () => void): void {
    if (this.told.size === 0) done();
    else this.waiters.push(done);
  }

  private write(id: string): void {
    if (this.writing.has(id)) return;
    this.writing.add(id);
    const record = this.told.get(id);
    const path = servicePaths.instance(this.name, id);
    const settle = (answer: { ok: true } | { ok: false; error: MesozooError }) =>
      this.written(id, record, answer.ok ? undefined : answer.error);
    if (record === undefined) this.client.request('delete', { path }, settle);
    else {
      const data = JSON.stringify(record);
      if (this.present.has(id)) this.client.request('set', { path, data }, settle);
      else this.client.request('create', { path, data }, settle);
    }
  }

  private written(id: string, record: InstanceRecord | undefined, error?: MesozooError): void {
    this.writing.delete(id);
    if (error === undefined && record !== undefined) this.present.add(id);
    else if (error?.code === 'NODE_EXISTS') this.present.add(id);
    else if (error === undefined || error.code === 'NO_NODE') this.present.delete(id);
    const isDone = error === undefined || (record === undefined && error.code === 'NO_NODE');
    if (isDone && this.told.get(id) === record) {
      this.told.delete(id);
      if (this.told.size === 0) for (const waiter of this.waiters.splice(0)) waiter();
    } else if (isDone || error.code === 'NODE_EXISTS') this.write(id);
    else {
      this.log.warn('instance not registered', { id, code: error.code });
      this.clock.after(RETRY_MS, () => {
        if (this.told.has(id)) this.write(id);
      });
    }
  }
}
