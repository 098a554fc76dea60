/** Waits for a znode to disappear, over a session of its own that is renewed by asking. */
import { pause } from '../cluster/harness.ts';
import { type Address, WireConnection } from './wire/connection.ts';
import { exists } from './wire/requests.ts';

const ANSWER_MS = 60_000;
const ASK_AGAIN_MS = 100;

export async function untilGone(address: Address, path: string): Promise<void> {
  const connection = await WireConnection.open(address);
  try {
    connection.sayHello();
    await connection.next(ANSWER_MS);
    for (;;) {
      connection.send(exists(path));
      const reply = await connection.next(ANSWER_MS);
      if (reply.kind !== 'reply') throw new Error(`the server says "${reply.kind}" to exists`);
      if (reply.error === NO_NODE) return;
      await pause(ASK_AGAIN_MS);
    }
  } finally {
    connection.drop();
  }
}

const NO_NODE = -101;
