/** `mesozoo inspect` as it is typed. */
import { createInspectorServer } from '@statelyai/inspect/server';
import { describe, expect, it, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { InspectionEvent } from '../../protocol/inspection-api.ts';
import { freePort } from '../../tests/support/nats-server.ts';
import { FakeCluster } from '../testing/fake-cluster.ts';
import { InspectionLines } from './lines.ts';

const at = (seconds: number) => String(Date.UTC(2026, 0, 1, 12, 0, seconds, 7));
function actor(sessionId: string, value: unknown, more: object = {}): InspectionEvent {
  return {
    ...{ type: '@xstate.actor', sessionId, rootId: sessionId, name: 'x', id: '1', _version: '0' },
    createdAt: at(10),
    process: 'master-1',
    definition: '{"id":"x"}',
    snapshot: { status: 'active', value, since: Number(at(5)) },
    ...more,
  } as InspectionEvent;
}
function moved(sessionId: string, type: string, value: unknown, more: object = {}) {
  return {
    ...actor(sessionId, value),
    ...{ type: '@xstate.snapshot', event: { type }, ...more },
  } as InspectionEvent;
}

describe('the lines', () => {
  it.each<[string, InspectionEvent[], (string | undefined)[]]>([
    [
      'an actor that is there, and what it does',
      [actor('master.1', 'contending'), moved('master.1', 'ELECTED', { elected: 'recovering' })],
      [
        '12:00:10.007  master.1  is  contending  for 5.0s',
        '12:00:10.007  master.1  ELECTED  contending → elected.recovering',
      ],
    ],
    [
      'an event that changes no state, with its payload',
      [
        actor('a.1', 'x'),
        moved('a.1', 'GO', 'x', { event: { type: 'GO', graceMs: 5, why: 'z'.repeat(300) } }),
      ],
      [
        '12:00:10.007  a.1  is  x  for 5.0s',
        `12:00:10.007  a.1  GO  x  {"graceMs":5,"why":"${'z'.repeat(180)}…`,
      ],
    ],
    [
      'a delay by its name',
      [moved('a.1', 'xstate.after.killGrace.a.b', 'y', { delay: 'killGrace' })],
      ['12:00:10.007  a.1  after killGrace  y'],
    ],
    [
      'an end, and a process that is gone',
      [
        actor('a.1', 'x'),
        moved('a.1', 'END', 'y', { snapshot: { status: 'done', value: 'y', since: 1 } }),
        moved('b.1', 'xstate.stop', 'y', { snapshot: { status: 'stopped', value: 'y', since: 1 } }),
        moved('c.1', 'mesozoo.process.silent', 'y', {
          snapshot: { status: 'stopped', value: 'y', since: 1 },
        }),
      ],
      [
        '12:00:10.007  a.1  is  x  for 5.0s',
        '12:00:10.007  a.1  END  x → y',
        '12:00:10.007  b.1  gone  y',
        '12:00:10.007  c.1  process gone  y',
      ],
    ],
    [
      'nothing twice, and nothing of what has ended long ago',
      [
        actor('a.1', 'x'),
        actor('a.1', 'x'),
        actor('b.1', 'y', { snapshot: { status: 'done', value: 'y', since: 1 } }),
        { ...moved('a.1', 'GO', 'x'), type: '@xstate.event' } as InspectionEvent,
      ],
      ['12:00:10.007  a.1  is  x  for 5.0s', undefined, undefined, undefined],
    ],
  ])('tell %s', (_what, events, expected) => {
    const lines = new InspectionLines(false);
    expect(events.map((event) => lines.line(event))).toEqual(expected);
  });

  it('let no control characters of an event through', () => {
    const lines = new InspectionLines(false);
    const evil = '\u001b[2J\u009b1m';
    expect(lines.line(moved(`a.${evil}`, evil, evil, { event: { type: evil, x: evil } }))).toBe(
      '12:00:10.007  a.\ufffd[2J\ufffd1m  \ufffd[2J\ufffd1m  \ufffd[2J\ufffd1m  {"x":"\\u001b[2J\ufffd1m"}',
    );
  });

  it('tell what was lost', () => {
    const lines = new InspectionLines(false);
    expect(lines.line(actor('a.1', 'x', { dropped: 12 }))).toContain('12 events were lost before');
  });
});

const PATIENCE = { timeout: 4_000, interval: 5 };

/** It takes Ctrl-C from then on too. */
const listening = (cluster: FakeCluster) =>
  vi.waitFor(() => expect(cluster.isHeard('inspect.')).toBe(true), PATIENCE);

/** Until Ctrl-C, which comes when the events have been told. */
async function runWith(args: string[], ...events: (readonly [string, InspectionEvent])[]) {
  const cluster = new FakeCluster();
  const running = cluster.run('inspect', ...args);
  await listening(cluster);
  for (const [subject, event] of events) cluster.publish(subject, event);
  cluster.interrupt();
  return running;
}

describe('mesozoo inspect', () => {
  it('prints what is published, and ends with Ctrl-C as one expects', async () => {
    const ran = await runWith(
      [],
      ['inspect.master.1', actor('master.1', 'contending')],
      ['inspect.attempt.a.b.1', moved('attempt.a.b.1', 'STARTED', 'running')],
    );
    expect(ran).toMatchObject({ exitCode: 130, stderr: '' });
    expect(ran.stdout.split('\n')).toEqual([
      '12:00:10.007  master.1  is  contending  for 5.0s',
      '12:00:10.007  attempt.a.b.1  STARTED  running',
      '',
    ]);
  });

  it('with --json prints each event as it was published, on a line of its own', async () => {
    const event = moved('master.1', 'ELECTED', 'x');
    const ran = await runWith(['--json'], ['inspect.master.1', event]);
    expect(JSON.parse(ran.stdout)).toEqual(event);
  });

  it.each([
    [['master'], ['inspect.master.1'], ['inspect.agent.1']],
    [['attempt.a.b.1'], ['inspect.attempt.a.b.1'], ['inspect.attempt.a.b.2']],
  ])('of %j hears of no others', async (args, [subject], [other]) => {
    const ran = await runWith(args, [other!, actor('x.2', 'no')], [subject!, actor('x.1', 'yes')]);
    expect(ran.stdout).toBe('12:00:10.007  x.1  is  yes  for 5.0s\n');
  });

  test.each([
    [['inspect', 'mastr'], /There is no kind "mastr". Did you mean "master"\?/],
    [['inspect', 'master.'], /Expected an id after the dot, for example master\.1/],
    [['inspect', '--serve', '--port', '70000'], /Expected a port, 0 to 65535/],
    [['inspect', '--serve', '--stately', 'ws://x'], /cannot be used with option/],
    [['inspect', '--stately', 'http://x'], /expected the address of a WebSocket/],
  ])('%j is told what was meant', async (args, message) => {
    const ran = await new FakeCluster().run(...args);
    expect(ran.stderr).toMatch(message);
    expect(ran.exitCode).toBe(2);
  });

  it('--serve prints where the page is, and ends with Ctrl-C', async () => {
    const cluster = new FakeCluster();
    const port = await freePort();
    const running = cluster.run('inspect', '--serve', '--port', String(port));
    await vi.waitFor(
      async () => expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200),
      PATIENCE,
    );
    cluster.interrupt();
    expect(await running).toMatchObject({
      exitCode: 130,
      stdout: `http://127.0.0.1:${port}/\n`,
      stderr: expect.stringContaining('Ctrl-C ends it') as string,
    });
  });
});

describe("mesozoo inspect --stately, to Stately's own server", () => {
  it('sends what an inspector understands, and says when nobody takes it any more', async () => {
    const port = await freePort();
    const stately = createInspectorServer({ port, autoOpen: false });
    const got: Record<string, unknown>[] = [];
    const watcher = new WebSocket(`ws://127.0.0.1:${port}`);
    watcher.on('message', (data) => got.push(JSON.parse(String(data)) as Record<string, unknown>));
    await new Promise((resolve) => watcher.once('open', resolve));

    const cluster = new FakeCluster();
    const running = cluster.run('inspect', '--stately', `ws://127.0.0.1:${port}`);
    await listening(cluster);
    cluster.publish('inspect.master.1', moved('master.1', 'EARLY', 'x'));
    cluster.publish('inspect.master.1', actor('master.1', 'contending'));
    cluster.publish('inspect.master.1', moved('master.1', 'ELECTED', 'elected'));
    cluster.publish('inspect.task.1', actor('task.1', 'queued'));
    await vi.waitFor(() => expect(got).toHaveLength(2), PATIENCE);
    expect(got.map(({ type, sessionId }) => `${type} ${sessionId}`)).toEqual([
      '@xstate.actor master.1',
      '@xstate.snapshot master.1',
    ]);
    watcher.terminate();
    stately.stop();
    cluster.interrupt();
    expect((await running).exitCode).toBe(130);
  });

  it('says what is wrong when nobody is there', async () => {
    const port = await freePort();
    const ran = await new FakeCluster().run('inspect', '--stately', `ws://127.0.0.1:${port}`);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toMatch(/no receiver of the inspector answers at ws:.*ECONNREFUSED/);
  });
});
