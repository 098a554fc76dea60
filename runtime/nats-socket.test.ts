import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { resolveBriefly } from './nats-socket.ts';

it('gives a name as it is, soon, when the name servers are silent', async () => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  const resolver = new Resolver({ timeout: 100, tries: 1 });
  resolver.setServers([`127.0.0.1:${silent.address().port}`]);
  const startedMs = performance.now();
  expect(await resolveBriefly('nats-9', resolver)).toEqual(['nats-9']);
  expect(performance.now() - startedMs).toBeLessThan(5000);
  silent.close();
});
