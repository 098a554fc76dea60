/** Bytes from the network that are not what they should be: left out, never a crash of the host. */
import { describe, expect, test } from 'vitest';
import { pack } from '../../../protocol/codec.ts';
import type { Logger } from '../../actor.ts';
import { SessionClient } from './session-client.ts';
import { FakeCoord } from './testing/fake-coord.ts';
import { VirtualWorld } from './testing/virtual-world.ts';

describe('bytes that are no event', () => {
  const event = { event: 'dataChanged', path: '/a', zxid: 99, number: 1 };
  test.each<[string, (sessionId: string) => Uint8Array]>([
    ['text', () => Buffer.from('hello')],
    ['a broken MessagePack', () => Uint8Array.of(0x82, 0xa1)],
    ['a list', () => Buffer.from('[]')],
    ['nothing', () => new Uint8Array()],
    ['an unknown event', (sessionId) => pack({ ...event, sessionId, event: 'constructor' })],
    ['a path of a wrong type', (sessionId) => pack({ ...event, sessionId, path: 7 })],
    ['no path', (sessionId) => pack({ ...event, sessionId, path: undefined })],
    ['no zxid', (sessionId) => pack({ ...event, sessionId, zxid: undefined })],
    ['a number of a wrong type', (sessionId) => pack({ ...event, sessionId, number: 'one' })],
  ])('%s: left out and logged, and the next event is told', (_name, payload) => {
    const world = new VirtualWorld();
    const coord = new FakeCoord(world);
    const warned: string[] = [];
    const ports = world.ports('client');
    const log: Logger = { ...ports.log, warn: (text) => warned.push(text), child: () => log };
    const options = { cluster: 'mz', timeoutMs: 6_000, reopen: false };
    const client = new SessionClient({ ...ports, log }, options);
    const events: string[] = [];
    client.onEvent(({ type, path }) => events.push(`${type} ${path}`));
    client.open();
    world.runUntil(() => client.state === 'connected');
    coord.write('create', { path: '/a' });
    client.request('get', { path: '/a', watch: true }, () => undefined);
    world.run(10);
    const { eventsTo } = coord.sessions.get(client.session!)!;
    world.ports('stranger').transport.publish(eventsTo, payload(client.session!));
    world.run(10);
    expect(events).toEqual([]);
    expect(warned).toEqual(['event not readable']);
    coord.write('set', { path: '/a', data: 'new' });
    world.run(10);
    expect(events).toEqual(['dataChanged /a']);
    expect(client.state).toBe('connected');
  });
});

describe('an answer to the opening that is none', () => {
  test.each([
    ['empty', {}],
    ['without a holder', { holder: undefined }],
    ['with a number of a wrong type', { number: 'one' }],
    ['with a timeout of a wrong type', { timeoutMs: 'long' }],
  ])('%s: refused, and asked again', (_name, wrong) => {
    const world = new VirtualWorld();
    const coord = new FakeCoord(world);
    coord.distort = (opened) => (Object.keys(wrong).length === 0 ? {} : { ...opened, ...wrong });
    const options = { cluster: 'mz', timeoutMs: 6_000, reopen: false };
    const client = new SessionClient(world.ports('client'), options);
    client.open();
    world.run(2_000);
    expect(client.state).toBe('connecting');
    expect(client.lastProblem?.code).toBe('INTERNAL');
    coord.distort = (opened) => opened;
    world.runUntil(() => client.state === 'connected');
  });
});
