/** What happens to the servers while they are under load, and when. */
import { pause } from '../../../tests/cluster/harness.ts';
import type { Rival } from '../rivals/rival.ts';

const REVIVE_MS = 3000;

interface Fault {
  readonly name: string;
  readonly atSeconds: number;
  readonly lastsSeconds: number;
  inject(rival: Rival, lastsMs: number): Promise<void>;
}

export const faults: readonly Fault[] = [
  { name: 'follower killed', atSeconds: 8, lastsSeconds: REVIVE_MS / 1000, inject: kill(1) },
  { name: 'leader killed', atSeconds: 20, lastsSeconds: REVIVE_MS / 1000, inject: kill(0) },
  { name: 'follower paused', atSeconds: 32, lastsSeconds: 6, inject: stop(1) },
  { name: 'leader paused', atSeconds: 46, lastsSeconds: 6, inject: stop(0) },
];
export const TIMELINE_SECONDS = 60;

export async function injectAll(rival: Rival, told: (line: string) => void): Promise<void> {
  const startMs = performance.now();
  for (const { name, atSeconds, lastsSeconds, inject } of faults) {
    await pause(atSeconds * 1000 - (performance.now() - startMs));
    told(name);
    await inject(rival, lastsSeconds * 1000);
  }
}

/** `behind`: 0 for the leader, 1 for the server after it. */
function kill(behind: number): Fault['inject'] {
  return async (rival, lastsMs) => {
    const server = await serverAfterLeader(rival, behind);
    rival.signal(server, 'SIGKILL');
    await pause(lastsMs);
    rival.revive(server);
  };
}

function stop(behind: number): Fault['inject'] {
  return async (rival, lastsMs) => {
    const server = await serverAfterLeader(rival, behind);
    rival.signal(server, 'SIGSTOP');
    await pause(lastsMs);
    rival.signal(server, 'SIGCONT');
  };
}

async function serverAfterLeader(rival: Rival, behind: number): Promise<number> {
  return ((await rival.leader()) + behind) % rival.servers.length;
}
