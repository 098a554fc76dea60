/** What a service has in the tree, apart from what its registry writes while it runs. */
import { randomBytes } from 'node:crypto';
import { type CoordSession, MesozooError } from 'mesozoo/framework';
import { servicePaths } from '../../actors/framework/services/registry.ts';
import type { InstanceRecord } from '../../actors/framework/services/spec.ts';

export class ServiceTree {
  private readonly session: CoordSession;
  private readonly name: string;

  constructor(session: CoordSession, name: string) {
    this.session = session;
    this.name = name;
  }

  async exists(): Promise<boolean> {
    const { exists } = await this.session.request('exists', {
      path: servicePaths.service(this.name),
    });
    return exists;
  }

  /** The id of the framework that all runs of this service share; the first one makes it. */
  async claim(instances: number): Promise<string> {
    for (const path of ['/services', '/config', '/config/services']) await this.make(path, '');
    await this.make(servicePaths.instances(this.name), String(instances));
    const path = servicePaths.service(this.name);
    const frameworkId = `service-${this.name}-${randomBytes(4).toString('hex')}`;
    await this.make(path, JSON.stringify({ frameworkId }));
    const claimed = (await this.read(path)) as { frameworkId: string };
    return claimed.frameworkId;
  }

  /** The instances that earlier runs have registered, by id. */
  async records(): Promise<Map<string, InstanceRecord>> {
    const records = new Map<string, InstanceRecord>();
    for (const id of await this.instanceIds())
      records.set(id, (await this.read(servicePaths.instance(this.name, id))) as InstanceRecord);
    return records;
  }

  /** Forgets the framework and its instances: the next claim is a new one. */
  async forget(): Promise<void> {
    for (const id of await this.instanceIds())
      await this.remove(servicePaths.instance(this.name, id));
    await this.remove(servicePaths.service(this.name));
  }

  /** Forgets how many instances there were to be. */
  forgetScale(): Promise<void> {
    return this.remove(servicePaths.instances(this.name));
  }

  /** `handler` is told the number of instances that is wanted, and each other one later. */
  followScale(
    handler: (instances: number) => void,
    wrong: (text: string) => void,
  ): { stop(): void } {
    return this.session.client.follow('get', servicePaths.instances(this.name), (answer) => {
      if (!answer.ok || answer.value.kind !== 'get') return;
      const text = new TextDecoder().decode(answer.value.data).trim();
      if (/^\d{1,4}$/.test(text)) handler(Number(text));
      else wrong(text);
    });
  }

  private async instanceIds(): Promise<readonly string[]> {
    const path = servicePaths.service(this.name);
    return (await this.session.request('children', { path })).children;
  }

  private async read(path: string): Promise<unknown> {
    const { data } = await this.session.request('get', { path });
    return JSON.parse(new TextDecoder().decode(data as Uint8Array));
  }

  private async make(path: string, data: string): Promise<void> {
    await this.session.request('create', { path, data }).catch(unless('NODE_EXISTS'));
  }

  private async remove(path: string): Promise<void> {
    await this.session.request('delete', { path }).catch(unless('NO_NODE'));
  }
}

function unless(code: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof MesozooError) || error.code !== code) throw error;
  };
}
