/** How a connection begins, how a session goes from one to the next, and how both end. */
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import type { Hello } from '../wire/connection.ts';
import { createFlags } from '../wire/records.ts';
import { closeSession, create, exists, getData, ping, setData } from '../wire/requests.ts';

const x = `${t}/x`;
const { ephemeral } = createFlags;

const helloRow = (name: string, hello: Hello): Row => ({
  name,
  async play({ a }) {
    await a.connect(hello);
    await a.ask(exists(t));
  },
});
/** A hello that ends in a close, with or without a word. */
const refusedRow = (name: string, hello: Hello): Row => ({
  name,
  async play({ a }) {
    await a.greet(hello);
    await a.closes();
  },
});

const rows: readonly Row[] = [
  helloRow('hello', { readOnly: false }),
  helloRow('hello of an old client, without readOnly', {}),
  helloRow('hello of a reader', { readOnly: true }),
  helloRow('hello of another protocol version', { protocolVersion: 7, readOnly: false }),
  helloRow('hello with a timeout that is too short', { timeoutMs: 1, readOnly: false }),
  helloRow('hello with a timeout that is too long', { timeoutMs: 10_000_000, readOnly: false }),
  helloRow('hello with a timeout below zero', { timeoutMs: -1, readOnly: false }),
  helloRow('hello with a password but no session', {
    password: Buffer.alloc(16, 7),
    readOnly: false,
  }),
  helloRow('hello with a short password', { password: Buffer.alloc(3), readOnly: false }),
  refusedRow('hello of a session that never was', { sessionId: 0x1234n, readOnly: false }),
  refusedRow('hello from the future', { lastZxidSeen: 1n << 62n, readOnly: false }),
  {
    name: 'a session comes back with its password',
    async play({ a, b }) {
      await a.ask(create(x, { flags: ephemeral }));
      a.drop();
      await a.connect(back(a));
      await a.ask(exists(x));
      await b.ask(exists(x));
    },
  },
  {
    name: 'a session does not come back with another password',
    async play({ a, b }) {
      await a.ask(create(x, { flags: ephemeral }));
      const { session, password, lastZxid } = a;
      await b.greet({
        ...{ sessionId: session, password: Buffer.alloc(16, 7), lastZxidSeen: lastZxid },
        readOnly: false,
      });
      await b.closes();
      a.drop();
      await a.connect({ sessionId: session, password, lastZxidSeen: lastZxid, readOnly: false });
      await a.ask(exists(x));
    },
  },
  {
    name: 'a session comes back with another timeout',
    async play({ a }) {
      await a.connect({ timeoutMs: 6000, readOnly: false });
      a.drop();
      await a.connect({ ...back(a), timeoutMs: 8000 });
      await a.ask(exists(t));
    },
  },
  {
    name: 'a session moves to another connection, and the old one ends',
    async play({ a, b }) {
      await a.ask(create(x, { flags: ephemeral }));
      await b.connect(back(a));
      await a.closes();
      await b.ask(exists(x));
    },
  },
  {
    name: 'watches do not come back by themselves',
    async play({ a, b }) {
      await a.ask(create(x));
      await a.ask(getData(x, true));
      a.drop();
      await a.connect(back(a));
      await a.ask(exists(t));
      await b.ask(setData(x, 'y'));
    },
  },
  {
    name: 'closeSession takes the ephemerals along',
    async play({ a, b }) {
      await a.ask(create(x, { flags: ephemeral }));
      await a.ask(closeSession());
      await a.closes();
      await b.ask(exists(x));
    },
  },
  {
    name: 'a closed session does not come back',
    async play({ a, b }) {
      await a.ask(closeSession());
      await a.closes();
      await b.greet(back(a));
      await b.closes();
    },
  },
  {
    name: 'a session that is silent expires, and its ephemerals with it',
    async play({ a, b }) {
      await a.connect({ timeoutMs: 4000, readOnly: false });
      await a.ask(create(x, { flags: ephemeral }));
      await b.ask(exists(x, true));
      a.drop();
      await b.hears();
      await b.ask(exists(x));
      await a.greet(back(a));
      await a.closes();
    },
  },
  {
    name: 'ping among requests',
    async play({ a }) {
      await a.ask<unknown>(create(x), ping(), getData(x), ping());
    },
  },
  {
    name: 'a hundred requests in one piece are answered in order',
    async play({ a }) {
      await a.ask<unknown>(
        create(x),
        ...Array.from({ length: 50 }, (_, index) => [setData(x, `${index}`), getData(x)]).flat(),
      );
    },
  },
];

function back(from: { session: bigint; password: Buffer; lastZxid: bigint }): Hello {
  return {
    ...{ sessionId: from.session, password: from.password, lastZxidSeen: from.lastZxid },
    readOnly: false,
  };
}

export const sessionRows: RowGroup = { group: 'sessions', rows };
