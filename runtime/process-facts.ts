/** What a coord's process tells ZooKeeper's clients about itself: `envi`, `conf`, `mntr`. */
import { readdirSync, readFileSync } from 'node:fs';
import { arch, homedir, hostname, release, tmpdir, type, userInfo } from 'node:os';
import type { ProcessFacts } from '../actors/coord/gateway/server-report.ts';
import { installedAt, version } from './version.ts';

/** Clients take the numbers at the front for ZooKeeper's, and ask no more of it than that version can do. */
const AS_ZOOKEEPER = '3.9.3';

export function processFacts(dataDirectory: string, initialConfiguration: string): ProcessFacts {
  return {
    version: `${AS_ZOOKEEPER}-mesozoo-${version}`,
    // The form of ZooKeeper's: 2024-12-29 17:54 UTC.
    builtOn: `${installedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    dataDirectory,
    initialConfiguration,
    environment: [
      ['host.name', hostname()],
      ['os.name', type()],
      ['os.arch', arch()],
      ['os.version', release()],
      ['user.name', userInfo().username],
      ['user.home', homedir()],
      ['user.dir', process.cwd()],
      // Scripts look for the line; it says what runs here.
      ['java.version', `none, Node.js ${process.versions.node}`],
      ['java.io.tmpdir', tmpdir()],
    ],
    openFiles: () => readdirSync('/proc/self/fd').length,
    openFilesMax: openFilesMax(),
    series,
  };
}

/** As Prometheus' own clients name them. */
function series(): ReturnType<ProcessFacts['series']> {
  const { user, system } = process.cpuUsage();
  return [
    { name: 'process_cpu_seconds_total', value: (user + system) / 1e6, kind: 'counter' },
    { name: 'process_resident_memory_bytes', value: process.memoryUsage.rss(), kind: 'gauge' },
    { name: 'process_start_time_seconds', value: STARTED_S, kind: 'gauge' },
  ];
}

const STARTED_S = Math.round(Date.now() / 1000 - process.uptime());

function openFilesMax(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0);
}
