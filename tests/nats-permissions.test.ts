/** infra/nats.conf against the table of subjects, on a real server: every row, every role, both directions. */
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inboxPrefixes, type Role, subjectTable } from '../protocol/subjects.ts';
import { startNatsServer, type TestNatsServer, testSecrets } from './support/nats-server.ts';

const roles: readonly Role[] = ['coord', 'master', 'agent', 'client'];

let server: TestNatsServer;
const connections = new Map<Role, NatsConnection>();
/** What the server refused, by role: `publish mz.quorum.all`. */
const refused = new Map<Role, Set<string>>();

beforeAll(async () => {
  server = await startNatsServer();
  for (const role of roles) {
    const connection = await connect({
      servers: server.url,
      user: role,
      pass: testSecrets[role],
      inboxPrefix: inboxPrefixes[role],
    });
    const refusals = new Set<string>();
    connections.set(role, connection);
    refused.set(role, refusals);
    void (async () => {
      for await (const { permissionContext } of connection.status())
        if (permissionContext !== undefined)
          refusals.add(`${permissionContext.operation} ${permissionContext.subject}`);
    })();
  }
});
afterAll(async () => {
  for (const connection of connections.values()) await connection.close();
  await server.stop();
});

/** The server answers a flush after everything that came before it, refusals included. */
async function may(role: Role, direction: 'publish' | 'listen', subject: string): Promise<boolean> {
  const connection = connections.get(role) as NatsConnection;
  const refusals = refused.get(role) as Set<string>;
  if (direction === 'publish') connection.publish(subject, '{}');
  else connection.subscribe(subject, { callback: () => undefined });
  await connection.flush();
  // The status is an asynchronous iterator: it gets its turn.
  await new Promise((resolve) => setImmediate(resolve));
  return !refusals.has(`${direction === 'publish' ? 'publish' : 'subscription'} ${subject}`);
}

const concrete = (pattern: string) => `mz.${pattern.replaceAll('*', 'x1').replace('>', 'get')}`;

describe('infra/nats.conf', () => {
  it.each(subjectTable.flatMap((row) => roles.map((role) => [row.pattern, role, row] as const)))(
    'on %s gives a %s what the table says',
    async (pattern, role, row) => {
      const subject = concrete(pattern);
      expect({
        publishes: await may(role, 'publish', subject),
        listens: await may(role, 'listen', subject),
      }).toEqual({ publishes: row.publishes.includes(role), listens: row.listens.includes(role) });
    },
  );

  it.each(roles.flatMap((role) => roles.map((owner) => [role, owner] as const)))(
    'lets a %s listen to inboxes of a %s only when they are its own',
    async (role, owner) => {
      expect(await may(role, 'listen', `${inboxPrefixes[owner]}.abc.>`)).toBe(role === owner);
    },
  );

  it.each(roles)('lets a %s answer into inboxes only when it is an actor', async (role) => {
    for (const owner of roles)
      expect(await may(role, 'publish', `${inboxPrefixes[owner]}.abc.1`)).toBe(role !== 'client');
  });

  it.each(roles)('lets a %s ask for services, and actors alone be one', async (role) => {
    expect(await may(role, 'publish', '$SRV.PING')).toBe(true);
    expect(await may(role, 'listen', '$SRV.PING')).toBe(role !== 'client');
  });

  it.each(['>', 'mz.>', '_MZ_INBOX.>', 'mz.task.>', '*.quorum.all', '$SYS.>', 'other'])(
    'does not let a client listen to %s',
    async (subject) => {
      expect(await may('client', 'listen', subject)).toBe(false);
    },
  );

  it.each(['mz.task.events.>', 'mz.task.logs.x1.*', 'mz.task.logs.x1.>', 'mz.task.logs.>'])(
    'lets everybody listen to %s',
    async (subject) => {
      for (const role of roles) expect(await may(role, 'listen', subject)).toBe(true);
    },
  );

  it.each(['other', '$SYS.REQ.SERVER.PING', '_INBOX.somebody.1', 'mz.task.events.x1'])(
    'does not let a client publish on %s',
    async (subject) => {
      expect(await may('client', 'publish', subject)).toBe(false);
    },
  );

  it('takes a connection without credentials for a client', async () => {
    const anonymous = await connect({ servers: server.url });
    await expect(anonymous.request('mz.znode.nothing', '{}')).rejects.toMatchObject({
      code: '503',
    });
    anonymous.publish('mz.quorum.all', '{}');
    const status = anonymous.status()[Symbol.asyncIterator]();
    await anonymous.flush();
    expect((await status.next()).value).toMatchObject({
      permissionContext: { operation: 'publish', subject: 'mz.quorum.all' },
    });
    await anonymous.close();
  });

  it('refuses a connection without credentials where that is switched off', async () => {
    const closed = await startNatsServer({ anonymous: false });
    await expect(connect({ servers: closed.url })).rejects.toMatchObject({
      code: 'AUTHORIZATION_VIOLATION',
    });
    await closed.stop();
  });

  it('refuses a wrong secret', async () => {
    await expect(
      connect({ servers: server.url, user: 'coord', pass: testSecrets.client }),
    ).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
  });
});
