/** The page's server over a cluster in memory, with real sockets. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../runtime/clock.ts';
import { World } from '../../runtime/inspection/testing/world.ts';
import { type InspectionServer, serveInspection } from './server.ts';

let world: World;
let server: InspectionServer;
let folder: string;
const open: WebSocket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mesozoo-page-'));
  writeFileSync(join(folder, 'index.html'), '<script type="module">start()</script><p>page</p>');
  writeFileSync(join(folder, 'main.ts'), 'const answer: number = 42;\nexport { answer };\n');
  mkdirSync(join(folder, 'testing'));
  writeFileSync(join(folder, 'testing', 'secret.ts'), 'export {};');
  writeFileSync(join(folder, 'notes.txt'), 'not served');
  world = new World();
  server = await serve();
});
afterEach(async () => {
  for (const socket of open.splice(0)) if (socket.readyState === socket.OPEN) socket.terminate();
  await server.close();
  rmSync(folder, { recursive: true });
});

function serve(port = 0): Promise<InspectionServer> {
  return serveInspection({
    transport: world.bus.transport(),
    clock: { ...systemClock, after: (delayMs, run) => world.clock.after(delayMs, run) },
    random: { next: () => 0.5, bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    cluster: 'mz',
    version: '1.2.3',
    host: '127.0.0.1',
    port,
    folder,
  });
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}
/** `fetch` would tidy the path and the headers. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: server.port, path, headers, method }, async (response) => {
      let body = '';
      for await (const piece of response) body += piece;
      resolve({ status: response.statusCode!, headers: response.headers, body });
    });
    asked.on('error', reject).end();
  });
}

class Page {
  readonly messages: unknown[] = [];
  readonly socket: WebSocket;

  constructor(path = '/live', headers: Record<string, string> = {}, autoPong = true) {
    this.socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers, autoPong });
    open.push(this.socket);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
  }

  items(): { readonly at: number; readonly event: Record<string, unknown> }[] {
    return this.messages.filter(Array.isArray).flat() as never;
  }

  watch(...sessionIds: unknown[]): void {
    this.socket.send(JSON.stringify({ watch: sessionIds }));
  }

  /** Until the server has read all that it was sent. */
  async isRead(): Promise<void> {
    this.socket.ping();
    await once(this.socket, 'pong');
  }
}

/** Moves the cluster's clock on, until something is so; the test's own time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    world.clock.advance(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the files', () => {
  it('are the page, its modules without their types, and named files of libraries', async () => {
    expect(await get('/')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
    });
    const main = await get('/main.ts');
    expect(main).toMatchObject({ headers: { 'content-type': 'text/javascript; charset=utf-8' } });
    expect(main.body.replaceAll(/ +/g, ' ')).toBe('const answer = 42;\nexport { answer };\n');
    expect((await get('/lib/preact/dist/preact.mjs')).status).toBe(200);
  });

  it.each([
    '/testing/secret.ts',
    '/notes.txt',
    '/../package.json',
    '/..%2fpackage.json',
    '/lib/../package.json',
    '/lib/preact/package.json',
    '/lib/ws/index.js',
    '//etc/passwd',
    '/main.test.ts',
    '/Main.ts',
    '/main.ts%00.css',
    '/none.ts',
  ])('are not %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it('come under a policy that runs what comes from here and nothing else', async () => {
    const { headers } = await get('/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'sha256-[\w+/=]{44}';/);
    expect(policy).not.toContain('unsafe');
  });

  it('are sent again only when they have changed', async () => {
    const first = await get('/main.ts');
    const known = { 'if-none-match': String(first.headers.etag) };
    expect(await get('/main.ts', known)).toMatchObject({ status: 304, body: '' });
    writeFileSync(join(folder, 'main.ts'), 'export const other = 1;\n');
    expect(await get('/main.ts', known)).toMatchObject({ status: 200 });
  });

  it('are only for GET', async () => {
    expect((await get('/', {}, 'POST')).status).toBe(405);
    expect(await get('/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
  });
});

describe('who asks under a name that is not ours, or from a page that is not ours', () => {
  it.each([
    [{ host: 'evil.example' }, 403],
    [{ host: 'evil.example:80' }, 403],
    [{ host: '127.0.0.1.evil.example' }, 403],
    [{ host: 'localhost:1' }, 200],
    [{ host: '[::1]:1' }, 200],
    [{ host: '192.168.0.7' }, 200],
    [{ host: 'localhost', origin: 'http://localhost' }, 200],
    [{ host: 'localhost', origin: 'http://evil.example' }, 403],
    [{ host: 'localhost:1', origin: 'http://localhost:2' }, 403],
    [{ host: 'localhost', origin: 'null' }, 403],
  ])('%j gets %i, on HTTP and on the WebSocket', async (headers, status) => {
    expect((await get('/', headers)).status).toBe(status);
    for (const path of ['/live', '/stately']) {
      const { socket } = new Page(path, headers);
      const [opened] = (await Promise.race([
        once(socket, 'open').then(() => [200]),
        once(socket, 'unexpected-response').then(([, response]) => [
          (response as { statusCode: number }).statusCode,
        ]),
      ])) as [number];
      expect(opened).toBe(status);
    }
  });

  it('is told what is wrong on a path without a WebSocket', async () => {
    const { socket } = new Page('/other');
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(404);
  });
});

describe('who is refused a WebSocket', () => {
  const asks = () =>
    `GET /nope HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;

  it('and resets the connection meanwhile does the server no harm', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on('uncaughtException', note);
    try {
      const resets = Array.from({ length: 30 }, async () => {
        const socket = connect(server.port, '127.0.0.1');
        await once(socket, 'connect');
        await new Promise<void>((resolve) => socket.write(asks(), () => resolve()));
        socket.resetAndDestroy();
        await once(socket, 'close');
      });
      await Promise.all(resets);
      expect((await get('/')).status).toBe(200);
    } finally {
      process.off('uncaughtException', note);
    }
    expect(uncaught).toEqual([]);
  });

  it('has no connection any more, though he does not close his half of it', async () => {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.write(asks());
    let answer = '';
    for await (const piece of socket.iterator({ destroyOnReturn: false })) answer += piece;
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // Nobody is there to take it: the connection is reset.
    const writing = setInterval(() => socket.write('x'), 5);
    await closed;
    clearInterval(writing);
  });
});

describe('a page', () => {
  it('is told hello, then the past, then what happens', async () => {
    const door = world.door('1');
    await until(() => world.heard.length > 0);
    door.send({ type: 'OPENED' });
    world.clock.advance(1);
    const page = new Page();
    await until(() => page.items().length === 2);
    expect(page.messages[0]).toEqual({
      hello: { cluster: 'mz', version: '1.2.3', nowMs: expect.any(Number) },
    });
    door.send({ type: 'CLOSED' });
    await until(() => page.items().length === 3);
    const [, , last] = page.items();
    expect(last).toEqual({
      at: Number(last!.event.createdAt),
      event: expect.objectContaining({
        type: '@xstate.snapshot',
        sessionId: 'master.1',
        event: { type: 'CLOSED' },
        snapshot: { status: 'active', value: 'closed', since: expect.any(Number) },
      }),
    });
  });

  it('that opens a chart gets its definition and payloads; then no more', async () => {
    const door = world.door('1');
    const page = new Page();
    await until(() => page.items().length === 1);
    page.watch('master.1', 'nothing.1', 'master');
    await until(() => page.items().some(({ event }) => event.definition !== undefined));
    const drawn = page.items().find(({ event }) => event.definition !== undefined)!;
    expect(JSON.parse(String(drawn.event.definition))).toMatchObject({
      id: 'door',
      initial: 'closed',
      states: { open: { after: { closingDelay: 'closed' } } },
    });
    door.send({ type: 'OPENED', by: 'wind' });
    await until(() => JSON.stringify(page.items()).includes('wind'));
    page.watch();
    await page.isRead();
    world.clock.advance(11_000);
    // It has closed by itself meanwhile.
    door.send({ type: 'OPENED', by: 'hand' });
    const states = () => page.items().filter(({ event }) => event.type === '@xstate.snapshot');
    const last = () => (states().at(-1)?.event.event as { type: string } | undefined)?.type;
    await until(() => last() === 'OPENED' && states().length > 2);
    expect(JSON.stringify(page.items())).not.toContain('hand');
  });

  it('that comes later and has the chart open gets the definition too', async () => {
    world.door('1');
    const first = new Page();
    await once(first.socket, 'open');
    first.watch('master.1');
    await until(() => first.items().some(({ event }) => event.definition !== undefined));
    const second = new Page();
    await until(() => second.items().some(({ event }) => event.definition !== undefined));
  });

  it.each([
    ['{"watch"', 'a message is JSON'],
    ['{"watch":[1]}', 'expected {"watch": ["kind.id", …]}'],
    ['null', 'expected {"watch": ["kind.id", …]}'],
    [JSON.stringify({ watch: Array(65).fill('master.1') }), 'at most 64 actors can be watched'],
  ])('that sends %.20s is closed, and told why', async (message, why) => {
    const { socket } = new Page();
    await once(socket, 'open');
    socket.send(message);
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, String(reason)]).toEqual([1008, why]);
  });

  it('that sends too much is closed', async () => {
    const { socket } = new Page();
    await once(socket, 'open');
    socket.send('x'.repeat(100_000));
    expect((await once(socket, 'close'))[0]).toBe(1009);
  });

  it('is told of trouble with the cluster, and when it is over', async () => {
    const page = new Page();
    await until(() => page.messages.length > 0);
    world.bus.connect(false);
    world.bus.connect(true);
    await until(() => page.messages.length >= 3);
    expect(page.messages.slice(1)).toEqual([
      { trouble: { message: 'the connection to NATS is lost' } },
      { trouble: null },
    ]);
    world.bus.connect(false);
    const later = new Page();
    await until(() => later.messages.length === 2);
    expect(later.messages[1]).toEqual({ trouble: { message: 'the connection to NATS is lost' } });
  });

  it('that has more charts open than the server follows is told so, and when it is over', async () => {
    const pages: Page[] = [];
    for (let index = 0; index < 5; index += 1) {
      const page = new Page();
      await once(page.socket, 'open');
      page.watch(...Array.from({ length: 64 }, (_, each) => `task.t-${index}-${each}`));
      await page.isRead();
      pages.push(page);
    }
    const [first, , , , last] = pages as [Page, Page, Page, Page, Page];
    await until(() => last.messages.length > 1);
    expect(last.messages.slice(1)).toEqual([
      {
        trouble: {
          isPartial: true,
          message: expect.stringMatching(/at most 256 actors .* close some charts/) as string,
        },
      },
    ]);
    const receiver = new Page('/stately?actor=task.other');
    expect((await once(receiver.socket, 'close'))[0]).toBe(1013);
    first.watch();
    await until(() => last.messages.length > 2);
    expect(last.messages.at(-1)).toEqual({ trouble: null });
    expect(first.messages).toHaveLength(1);
  });

  it('that does not answer for a while is not there any more', async () => {
    const [here, away] = [new Page(), new Page('/live', {}, false)];
    await until(() => [here, away].every((page) => page.messages.length > 0));
    for (let beat = 0; beat < 3; beat += 1) {
      const asked = once(here.socket, 'ping');
      const noticed = beat === 0 ? once(away.socket, 'ping') : undefined;
      world.clock.advance(15_000);
      await Promise.all([asked, noticed]);
      await here.isRead();
    }
    await until(() => away.socket.readyState === away.socket.CLOSED);
    expect(here.socket.readyState).toBe(here.socket.OPEN);
  });

  it('is told to go when the server ends', async () => {
    const { socket } = new Page();
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await server.close();
    expect((await closed)[0]).toBe(1001);
    server = await serve();
  });
});

describe('a receiver of @statelyai/inspect', () => {
  const receive = (path: string) => {
    const got: StatelyInspectionEvent[] = [];
    createWebSocketReceiver({ server: `ws://127.0.0.1:${server.port}${path}` }).subscribe((event) =>
      got.push(event),
    );
    return got;
  };

  it('gets every actor with its machine first, and then what it does', async () => {
    const door = world.door('1');
    for (const got of [receive('/stately'), receive('/stately?actor=master')]) {
      await until(() => got.length > 0);
      expect(got[0]).toMatchObject({ type: '@xstate.actor', sessionId: 'master.1' });
      expect(JSON.parse((got[0] as { definition: string }).definition)).toMatchObject({
        id: 'door',
        initial: 'closed',
      });
      const before = got.length;
      door.send({ type: 'KNOCKED' });
      await until(() => got.length >= before + 2);
      expect(got.slice(-2).map((event) => event.type)).toEqual([
        '@xstate.event',
        '@xstate.snapshot',
      ]);
    }
  });

  it('that asks for one actor hears of no other', async () => {
    const doors = [world.door('1'), world.door('2')];
    const got = receive('/stately?actor=master.2');
    await until(() => got.length > 0);
    for (const door of doors) door.send({ type: 'KNOCKED' });
    await until(() => got.length >= 3);
    expect(new Set(got.map((event) => event.sessionId))).toEqual(new Set(['master.2']));
  });

  it('that asks for what does not exist is told so', async () => {
    const { socket } = new Page('/stately?actor=nothing');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, String(reason)]).toEqual([1008, 'expected ?actor=KIND or ?actor=KIND.ID']);
  });
});

it('says how to go on when the port is taken', async () => {
  await expect(serve(server.port)).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    message: expect.stringMatching(/EADDRINUSE.*choose another with --port/) as string,
  });
});
