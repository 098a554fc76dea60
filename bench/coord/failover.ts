/** The leader killed with -9: the longest time in which nobody could write. */
import { pause } from '../../tests/cluster/harness.ts';
import { type LoadConnection, openConnection, type Server } from './load/connection.ts';
import { createTemplate, setTemplate } from './load/frames.ts';
import type { Rival } from './rivals/rival.ts';

const PACE_MS = 5;
const RECONNECT_MS = 10;
const REPLY_WAIT_MS = 500;
const SETTLE_MS = 2000;
const LONGEST_MS = 30_000;
const NODE_EXISTS = -110;

/** In seconds. Rejects when no write succeeds within half a minute. Leaves the ensemble without the server it killed. */
export async function longestWithoutWrite(rival: Rival): Promise<number> {
  const leader = await rival.leader();
  const pid = rival.serverPids()[leader];
  if (pid === undefined) throw new Error('the leader is not a process of ours to kill');
  const path = `/failover-${process.pid}`;
  await create(rival.servers, path);
  const watch = { last: performance.now(), longest: 0, going: true };
  const writers = rival.servers.map((server) => write(server, path, watch));
  await pause(SETTLE_MS);
  watch.longest = 0;
  process.kill(pid, 'SIGKILL');
  const killedAt = performance.now();
  // Replies of before the kill may still arrive for a moment; the gap is over when writes have gone on for a while.
  await pause(SETTLE_MS);
  while (
    performance.now() - watch.last > SETTLE_MS / 4 &&
    performance.now() - killedAt < LONGEST_MS
  )
    await pause(RECONNECT_MS);
  const { last, longest } = watch;
  watch.going = false;
  await Promise.all(writers);
  if (performance.now() - last > LONGEST_MS - SETTLE_MS) throw new Error('no write after the kill');
  return longest / 1000;
}

interface Watch {
  last: number;
  longest: number;
  going: boolean;
}

/** A client of one server: writes at a pace, and connects again when the connection is lost. */
async function write(server: Server, path: string, watch: Watch): Promise<void> {
  const request = setTemplate(path, Buffer.alloc(128, 'x'));
  let connection: LoadConnection | undefined;
  while (watch.going) {
    try {
      connection ??= await openConnection(server, REPLY_WAIT_MS);
      if ((await connection.ask(request, REPLY_WAIT_MS)) === 0) {
        const now = performance.now();
        watch.longest = Math.max(watch.longest, now - watch.last);
        watch.last = now;
      }
      await pause(PACE_MS);
    } catch {
      // The server is gone or has nobody to lead it: what is measured is how long that lasts.
      connection?.close();
      connection = undefined;
      await pause(RECONNECT_MS);
    }
  }
  connection?.close();
}

async function create(servers: readonly Server[], path: string): Promise<void> {
  const [server] = servers;
  if (server === undefined) throw new Error('no servers');
  const connection = await openConnection(server);
  const error = await connection.ask(createTemplate(path, Buffer.alloc(0)));
  connection.close();
  if (error !== 0 && error !== NODE_EXISTS) throw new Error(`${path} not created: error ${error}`);
}
