import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { DataDirectory } from './data-directory.ts';
import type { PartSpec } from './part.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'mesozoo-parts-'));
});
afterEach(() => rmSync(path, { recursive: true }));

function clusterHere(): Cluster {
  const data = new DataDirectory(path);
  return new Cluster(
    {
      ...{ data, record: data.openCluster(3), secrets: data.secrets() },
      ...{ masters: 1, agents: 1, portOffset: 0, nats: { url: 'nats://127.0.0.1:1' } },
    },
    { died: () => undefined, changed: () => undefined },
  );
}

/** Which coords would be told to create the cluster if they were started now. */
function bootstrapped(cluster: Cluster): number[] {
  return [1, 2, 3].filter((member) => {
    const { spec } = cluster.part(`coord-${member}`) as unknown as { spec: PartSpec };
    return spec.command().includes('--bootstrap-cluster');
  });
}

describe('coords are told to create the cluster', () => {
  it('until they were seen at work, each for itself, whatever becomes of the agents', () => {
    const cluster = clusterHere();
    expect(bootstrapped(cluster)).toEqual([1, 2, 3]);
    cluster.markBegun(new Set([3, 1]));
    expect(bootstrapped(cluster)).toEqual([2]);
    expect(cluster.allCoordsBegan).toBe(false);
    expect(bootstrapped(clusterHere())).toEqual([2]);
    // Somebody else's member, at a server that several use.
    cluster.markBegun(new Set([2, 9]));
    expect(bootstrapped(clusterHere())).toEqual([]);
    expect(cluster.allCoordsBegan).toBe(true);
  });
});
