/** `conf` and `envi`: what the member was told, and where it runs. */
import { fullVersion } from './monitor.ts';
import type { ServerReport } from './report.ts';

/** ZooKeeper's keys and order; -1 is "not set". */
export function configurationPairs(report: ServerReport): [key: string, value: number | string][] {
  const { configuration: given } = report;
  return [
    ['clientPort', given.clientPort],
    ['secureClientPort', given.secureClientPort ?? -1],
    ['dataDir', report.dataDirectory],
    ['dataDirSize', report.dataBytes],
    ['dataLogDir', report.dataDirectory],
    ['dataLogSize', report.logBytes],
    ['tickTime', given.tickTimeMs],
    ['maxClientCnxns', given.maxClientConnections],
    ['minSessionTimeout', given.sessionTimeoutMinMs],
    ['maxSessionTimeout', given.sessionTimeoutMaxMs],
    ['clientPortListenBacklog', given.clientPortListenBacklog ?? -1],
    ['serverId', report.serverId],
  ];
}

export function configurationLines(report: ServerReport): string {
  const pairs = configurationPairs(report).map(([key, value]) => `${key}=${value}\n`);
  const members = report.members.map((member) => `${memberLine(member.id, memberText(member))}\n`);
  const isAlone = report.mode === 'standalone';
  return [...pairs, ...(isAlone ? [] : ['membership: \n', ...members])].join('');
}

const memberLine = (id: number, text: string) => `server.${id}=${text}`;

/** The links between members have no ports of their own: the client port stands for the member. */
export function memberText(member: ServerReport['members'][number]): string {
  return `${member.address}:${member.clientPort}:${member.role}`;
}

export function environmentPairs(report: ServerReport): (readonly [string, string])[] {
  return [['zookeeper.version', fullVersion(report)], ...report.environment];
}

export function environmentLines(report: ServerReport): string {
  const pairs = environmentPairs(report).map(([name, value]) => `${name}=${value}\n`);
  return `Environment:\n${pairs.join('')}`;
}
