import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HttpRequest } from '../actors/actor.ts';
import { freePort } from '../tests/support/nats-server.ts';
import { openHttp } from './http.ts';

const http = openHttp();
const asked: HttpRequest[] = [];
let port = 0;
beforeAll(async () => {
  port = await freePort();
  http.listen(
    { host: '127.0.0.1', port },
    (request, reply) => {
      asked.push(request);
      const status = request.method === 'POST' ? 405 : 200;
      reply({ status, contentType: 'text/plain; charset=utf-8', body: 'grüße' });
    },
    (reason) => expect.unreachable(reason),
  );
});
afterAll(() => http.close());

const url = (path: string) => `http://127.0.0.1:${port}${path}`;

it('a page has its type and length, and its path and query come decoded', async () => {
  const answer = await fetch(url('/a%20b?c=d%20e&c=f&g'));
  const query = new Map(Object.entries({ g: '', c: 'd e' }));
  expect(asked.pop()).toEqual({ method: 'GET', path: '/a b', query });
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(answer.headers.get('content-length')).toBe('7');
  expect(await answer.text()).toBe('grüße');
});

it('a HEAD has no body, and a refused method names those that there are', async () => {
  expect(await (await fetch(url('/'), { method: 'HEAD' })).text()).toBe('');
  const answer = await fetch(url('/'), { method: 'POST', body: 'not read' });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

it.each(['GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n', 'nonsense\r\n\r\n'])(
  'what nobody can read is answered with 400, and the connection ends: %j',
  async (bytes) => {
    const before = asked.length;
    const socket = connect(port, '127.0.0.1');
    socket.end(bytes);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(asked).toHaveLength(before);
  },
);

it('an address that is taken is told, with what the system says', async () => {
  const reason = await new Promise<string>((resolve) =>
    http.listen({ host: '127.0.0.1', port }, () => expect.unreachable('nobody asks'), resolve),
  );
  expect(reason).toContain('EADDRINUSE');
});
