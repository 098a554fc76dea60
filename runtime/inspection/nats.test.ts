/** The inspection over a real nats-server: two processes, one listener, and programs that share no code with ours. */
import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Lifecycle } from '../../actors/lifecycle.ts';
import { decode, pack } from '../../protocol/codec.ts';
import type { InspectionEvent } from '../../protocol/inspection-api.ts';
import type { Role } from '../../protocol/subjects.ts';
import {
  startNatsServer,
  type TestNatsServer,
  testSecrets,
} from '../../tests/support/nats-server.ts';
import { systemClock } from '../clock.ts';
import { createLogger } from '../log.ts';
import { connectTransport } from '../nats.ts';
import { systemRandom } from '../random.ts';
import { InspectionListener } from './listener.ts';
import { ProcessInspection } from './process-inspection.ts';
import { doorMachine } from './testing/world.ts';

const log = createLogger({ level: 'silent', fields: {} });
let server: TestNatsServer;
const closing: (() => Promise<void> | void)[] = [];
beforeAll(async () => {
  server = await startNatsServer();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => server.stop());

async function join(role: Role) {
  const connected = await connectTransport({
    ...{ url: server.url, role, name: `${role}-test`, user: role, pass: testSecrets[role], log },
  });
  closing.push(() => connected.close());
  return connected.transport;
}

async function processOf(role: Exclude<Role, 'client'>) {
  const transport = await join(role);
  const inspection = new ProcessInspection({
    ...{ transport, clock: systemClock, log, defer: setImmediate, cluster: 'mz' },
    process: `${role}-1`,
  });
  closing.push(() => inspection.end());
  const door = (id: string) => new Lifecycle(doorMachine, { id, clock: systemClock, inspection });
  return { inspection, door };
}

async function listen() {
  const heard: InspectionEvent[] = [];
  const listener = new InspectionListener({
    ...{ transport: await join('client'), clock: systemClock, random: systemRandom, cluster: 'mz' },
    heard: (event) => heard.push(event),
    trouble: () => undefined,
  });
  closing.push(() => listener.end());
  const inShort = () =>
    heard.map((event) => {
      const state = 'snapshot' in event ? JSON.stringify(event.snapshot.value) : event.event.type;
      return `${event.process} ${event.type.slice(8)} ${event.sessionId} ${state}`;
    });
  return { listener, heard, inShort };
}

/** Waits until `condition`; the test's own time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('the inspection over NATS', () => {
  it('is asked for once and answered by every process, whose actors are told from their beginning', async () => {
    const [master, agent] = [await processOf('master'), await processOf('agent')];
    const doors = [master.door('master.1'), agent.door('attempt.hello-x.abc.1')];
    const { listener, heard, inShort } = await listen();
    listener.watch([{ detail: 'full' }]);
    await until(() => heard.length === 2);
    for (const door of doors) door.send({ type: 'OPENED' });
    await until(() => heard.length === 6);
    expect(inShort().sort()).toEqual([
      'agent-1 actor attempt.hello-x.abc.1 "closed"',
      'agent-1 event attempt.hello-x.abc.1 OPENED',
      'agent-1 snapshot attempt.hello-x.abc.1 {"open":"ajar"}',
      'master-1 actor master.1 "closed"',
      'master-1 event master.1 OPENED',
      'master-1 snapshot master.1 {"open":"ajar"}',
    ]);
  });

  it('goes on after the server was killed and came back', async () => {
    const { door } = await processOf('coord');
    const coordinator = door('coordinator.1');
    const { listener, heard, inShort } = await listen();
    listener.watch([{ kind: 'coordinator', id: '1', detail: 'list' }]);
    await until(() => heard.length === 1);
    server.signal('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 200));
    coordinator.send({ type: 'BROKEN' });
    await server.restart();
    const later = door('coordinator.1');
    await until(() => heard.length >= 2);
    later.send({ type: 'KNOCKED' });
    await until(() => inShort().at(-1) === 'coord-1 snapshot coordinator.1 "closed"');
  });

  it('answers in the form of the question, and a plain publish begins a lease as well', async () => {
    const { door, inspection } = await processOf('master');
    door('master.1');
    const bare = await connect({ servers: server.url });
    closing.push(() => bare.close());
    const json = await bare.request('mz.inspect.start', '{"kind":"agent"}');
    expect(json.json()).toEqual({
      process: 'master-1',
      run: expect.any(String),
      leaseMs: 10_000,
      actors: 0,
    });
    const packed = await bare.request('mz.inspect.start', pack({ kind: 'agents' }));
    expect(decode(packed.data)).toMatchObject({
      form: 'msgpack',
      value: { error: { code: 'BAD_REQUEST', definite: true } },
    });
    expect(packed.headers?.get('Nats-Service-Error')).toContain('the field "kind" is not valid');
    const got: InspectionEvent[] = [];
    bare.subscribe('mz.inspect.*.>', {
      callback: (_error, message) => got.push(message.json<InspectionEvent>()),
    });
    bare.publish('mz.inspect.start', '{"kind":"master"}');
    await until(() => got.length === 1);
    expect(got[0]).toMatchObject({ type: '@xstate.actor', sessionId: 'master.1' });
    expect(inspection.active).toBe(true);
  });
});
