import type { CoordOptions } from './options.ts';

/** What ZooKeeper's clients are told of this member. The ports between servers are only what they expect to read. */
export function ownAddress({
  host,
  port,
  process,
}: NonNullable<CoordOptions['zookeeper']>): string {
  const isAnyHost = host === '0.0.0.0' || host === '::';
  const ownName = process.environment.find(([name]) => name === 'host.name')?.[1];
  const name = isAnyHost && ownName !== undefined ? ownName : host;
  const named = name.includes(':') ? `[${name}]` : name;
  return `${named}:2888:3888;${named}:${port}`;
}
