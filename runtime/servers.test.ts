import { describe, expect, test } from 'vitest';
import { MesozooError } from '../protocol/errors.ts';
import { readServers } from './servers.ts';

describe('addresses of NATS servers', () => {
  test.each([
    ['nats://127.0.0.1:4222', { url: 'nats://127.0.0.1:4222', secure: false }],
    ['a, b:4333 ,', { url: 'a,b:4333', secure: false }],
    ['tls://a:4222/', { url: 'tls://a:4222', secure: true }],
    ['nats://[::1]:4222', { url: 'nats://[::1]:4222', secure: false }],
    [
      'nats://me:p%40ss:word@a',
      {
        url: 'nats://a',
        secure: false,
        credentials: { kind: 'user', user: 'me', password: 'p@ss:word' },
      },
    ],
    [
      'nats://t0k3n@a,nats://b',
      { url: 'nats://a,nats://b', secure: false, credentials: { kind: 'token', token: 't0k3n' } },
    ],
  ])('%s', (text, servers) => {
    expect(readServers(text, '--nats')).toEqual(servers);
  });

  test.each([
    ['', 'expected an address, for example nats://127.0.0.1:4222'],
    [' , ', 'expected an address, for example nats://127.0.0.1:4222'],
    ['http://a', '"http://a" is no address of a NATS server: expected nats:// or tls://'],
    ['nats://', '"nats://" is no address of a NATS server: expected nats://127.0.0.1:4222'],
    ['nats://a:99999', '"nats://a:99999" is no address'],
    ['nats://me:secret@a b', '"nats://***@a b" is no address'],
    ['http://me:secret@a', '"http://***@a" is no address'],
    ['nats://me:secret%@a', 'a "%" in the credentials must be written %25'],
    ['nats://me:secret@a,nats://me:other@b', 'the addresses have different credentials'],
  ])('%j is refused, and no secret is shown', (text, message) => {
    const read = () => readServers(text, '--nats');
    expect(read).toThrow(MesozooError);
    expect(read).toThrow(`--nats: ${message}`);
    expect(read).not.toThrow(/secret/);
  });
});
