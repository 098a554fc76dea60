/** A session for tests that want answers and nothing else: one request at a time, events left out. */
import { type Address, type Incoming, WireConnection } from './wire/connection.ts';
import type { Request } from './wire/requests.ts';

const WITHIN_MS = 10_000;

export type Reply = Extract<Incoming, { kind: 'reply' }>;

export interface OpenSession {
  readonly id: bigint;
  readonly connection: WireConnection;
  /** Rejects when the connection ends before the reply. */
  ask(request: Request): Promise<Reply>;
  drop(): void;
}

export async function openSession(server: Address | WireConnection): Promise<OpenSession> {
  const connection = server instanceof WireConnection ? server : await WireConnection.open(server);
  connection.sayHello();
  const first = await connection.next(WITHIN_MS);
  if (first.kind !== 'welcome' || first.welcome.sessionId === 0n)
    throw new Error(`no session: ${first.kind}`);
  return {
    id: first.welcome.sessionId,
    connection,
    async ask(request) {
      connection.send(request);
      for (;;) {
        const incoming = await connection.next(WITHIN_MS);
        if (incoming.kind === 'reply') return incoming;
        if (incoming.kind !== 'event') throw new Error(`${request.name}: ${incoming.kind}`);
      }
    },
    drop: () => connection.drop(),
  };
}
