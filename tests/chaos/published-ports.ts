/** Free ports of this machine for what docker-compose.yml publishes. */
import { freePort } from '../support/nats-server.ts';

export interface PublishedPorts {
  readonly nats: readonly number[];
  readonly zookeeper: readonly number[];
  /** As the compose file asks for them. */
  readonly environment: Readonly<Record<string, string>>;
}

export async function publishedPorts(): Promise<PublishedPorts> {
  const three = () => Promise.all([freePort(), freePort(), freePort()]);
  const [nats, zookeeper] = await Promise.all([three(), three()]);
  const named = (name: string, ports: readonly number[]) =>
    ports.map((port, index): [string, string] => [`MESOZOO_${name}_PORT_${index + 1}`, `${port}`]);
  const environment = Object.fromEntries([
    ...named('NATS', nats),
    ...named('ZOOKEEPER', zookeeper),
  ]);
  return { nats, zookeeper, environment };
}
