/** What a server says of itself when asked with four letters. */
import { connect } from 'node:net';
import { pause } from '../../tests/cluster/harness.ts';
import type { Server } from './load/connection.ts';

const ASK_TIMEOUT_MS = 2000;
const ELECTION_TIMEOUT_MS = 60_000;

/** `leader`, `follower`…; undefined from a server that does not answer or serves nobody. */
export async function modeOf(server: Server): Promise<string | undefined> {
  return /^Mode: (\w+)$/m.exec(await answerOf(server, 'srvr'))?.[1];
}

/** Empty from a server that does not answer. */
export function answerOf(server: Server, word: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(server, () => socket.write(word));
    socket.setTimeout(ASK_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    // An error is followed by a close, and says the same as no answer: it does not serve.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

/** Until all servers serve and one of them leads: its index. Rejects after a minute. */
export async function untilLed(servers: readonly Server[]): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const modes = await Promise.all(servers.map(modeOf));
    const leader = modes.indexOf('leader');
    if (leader >= 0 && modes.every((mode) => mode !== undefined)) return leader;
    if (performance.now() - startedAt > ELECTION_TIMEOUT_MS)
      throw new Error(
        `no leader in time; modes: ${modes.map((mode) => mode ?? 'none').join(', ')}`,
      );
    await pause(100);
  }
}
