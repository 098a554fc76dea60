/** MasterInfo as Mesos writes it into `/mesos/json.info_…`, so that its clients find the leader. */
import type { MasterOptions } from './options.ts';

export function masterInfo(options: MasterOptions): Uint8Array {
  const { masterId, hostname, ip, port, version } = options;
  return new TextEncoder().encode(
    JSON.stringify({
      address: { hostname, ip, port },
      hostname,
      id: masterId,
      ip: ipNumber(ip),
      pid: `master@${ip}:${port}`,
      port,
      version,
    }),
  );
}

/** The address in network byte order, read as a little-endian integer: 127.0.0.1 is 16777343. 0 for what is not IPv4. */
export function ipNumber(ip: string): number {
  const bytes = ip.split('.').map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255))
    return 0;
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
