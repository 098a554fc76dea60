import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveAddress } from './address.ts';

let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mesozoo-config-'));
  path = join(home, '.config', 'mesozoo', 'config.json');
  mkdirSync(join(home, '.config', 'mesozoo'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(config: unknown, mode = 0o600): void {
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
  chmodSync(path, mode);
}

const config = {
  current: 'prod',
  contexts: {
    prod: { nats: ['nats://a:1', 'nats://b:2'], cluster: 'big', user: 'me', password: 'secret' },
    test: { nats: 'nats://t:3' },
  },
};
const prod = {
  url: 'nats://a:1,nats://b:2',
  cluster: 'big',
  credentials: { kind: 'user', user: 'me', password: 'secret' },
};

describe('where a command goes', () => {
  test.each([
    ['the default', {}, { HOME: '' }, { url: 'nats://127.0.0.1:4222', cluster: 'mz' }],
    ['the context in use', {}, {}, prod],
    ['MESOZOO_CONTEXT', {}, { MESOZOO_CONTEXT: 'test' }, { url: 'nats://t:3', cluster: 'mz' }],
    [
      'MESOZOO_NATS, without the credentials of the context in use',
      {},
      { MESOZOO_NATS: 'nats://e:4', MESOZOO_CONTEXT: 'prod' },
      { url: 'nats://e:4', cluster: 'mz' },
    ],
    [
      'MESOZOO_CLUSTER before that of the context in use',
      {},
      { MESOZOO_CLUSTER: 'other' },
      { ...prod, cluster: 'other' },
    ],
    [
      '--context before MESOZOO_NATS and MESOZOO_CLUSTER',
      { context: 'prod' },
      { MESOZOO_NATS: 'nats://e:4', MESOZOO_CLUSTER: 'other' },
      prod,
    ],
    [
      '--nats before MESOZOO_NATS',
      { nats: 'nats://f:5' },
      { MESOZOO_NATS: 'nats://e:4' },
      { url: 'nats://f:5', cluster: 'mz' },
    ],
    [
      '--cluster before everything',
      { context: 'prod', cluster: 'x' },
      {},
      { ...prod, cluster: 'x' },
    ],
  ])('%s', (_, given, env, address) => {
    write(config);
    const resolved = resolveAddress(given, { HOME: home, ...env });
    expect(resolved.address).toEqual(address);
    expect(resolved.warnings).toEqual([]);
  });

  test('creds and TLS files are seen from the file, and tls:// alone asks for TLS', () => {
    for (const name of ['me.creds', 'ca.pem'])
      writeFileSync(join(home, '.config', 'mesozoo', name), '', { mode: 0o600 });
    write({
      current: 'a',
      contexts: { a: { nats: 'a', creds: 'me.creds', tls: { ca: 'ca.pem' } } },
    });
    const folder = join(home, '.config', 'mesozoo');
    expect(resolveAddress({}, { HOME: home }).address).toEqual({
      url: 'a',
      cluster: 'mz',
      credentials: { kind: 'creds', file: join(folder, 'me.creds') },
      tls: { ca: join(folder, 'ca.pem') },
    });
    expect(resolveAddress({ nats: 'tls://a' }, {}).address.tls).toEqual({});
  });

  test('it is said when others may read secrets, and only then', () => {
    write(config, 0o640);
    const { warnings } = resolveAddress({}, { HOME: home });
    expect(warnings).toEqual([`others may read ${path}, which holds secrets: chmod 600 ${path}`]);
    write({ current: 'test', contexts: { test: config.contexts.test } }, 0o644);
    expect(resolveAddress({}, { HOME: home }).warnings).toEqual([]);
    writeFileSync(join(home, 'open.creds'), '', { mode: 0o644 });
    write({ current: 'a', contexts: { a: { nats: 'a', creds: join(home, 'open.creds') } } }, 0o644);
    expect(resolveAddress({}, { HOME: home }).warnings).toEqual([
      expect.stringContaining('open.creds'),
    ]);
  });
});

describe('what is wrong in the file is named', () => {
  test.each([
    ['{"contexts": {"password": "secret" x}}', /is no JSON( \(line 1, column \d+\))?$/],
    [{ context: {} }, /unknown key "context"\. Did you mean "contexts"\?/],
    [
      { contexts: { a: { nats: 'a', pasword: 'secret' } } },
      /unknown key "contexts\.a\.pasword"\. Did you mean "password"\?/,
    ],
    [{ contexts: { a: {} } }, /"contexts\.a\.nats": expected an address, or a list/],
    [
      { contexts: { a: { nats: 'a', cluster: 'b c' } } },
      /"contexts\.a\.cluster": expected the first token/,
    ],
    [
      { contexts: { a: { nats: 'a', user: 'b' } } },
      /"contexts\.a": user and password belong together/,
    ],
    [{ contexts: { a: { nats: 'a', token: 'secret', creds: 'd' } } }, /"contexts\.a": give one of/],
    [{ contexts: { a: { nats: 'a', tls: { cert: 'c' } } } }, /"contexts\.a": tls: cert and key/],
    [{ contexts: { 'a b': { nats: 'a' } } }, /"contexts\.a b": letters, digits/],
    [{ current: 'b', contexts: { a: { nats: 'a' } } }, /no context "b".*There are a\./],
    [
      { current: 'a', contexts: { a: { nats: 'x://secret@a' } } },
      /"contexts\.a\.nats": "x:\/\/\*\*\*@a" is no address/,
    ],
    [
      { current: 'a', contexts: { a: { nats: 't@a', token: 'secret' } } },
      /has credentials, and the context has others/,
    ],
    [
      { current: 'a', contexts: { a: { nats: 'a', creds: '/none' } } },
      /"contexts\.a\.creds": \/none cannot be read/,
    ],
  ])('%j', (content, message) => {
    write(content);
    const resolve = () => resolveAddress({}, { HOME: home });
    expect(resolve).toThrow(message);
    expect(resolve).not.toThrow(/secret/);
  });

  test('a file or a context that was asked for must be there', () => {
    expect(() => resolveAddress({ config: '/none.json' }, {})).toThrow(
      /no configuration file \/none\.json/,
    );
    expect(() => resolveAddress({}, { MESOZOO_CONFIG: '/none.json' })).toThrow(
      /no configuration file/,
    );
    expect(() => resolveAddress({ context: 'a' }, { HOME: home })).toThrow(/no configuration file/);
    expect(() => resolveAddress({ context: 'a' }, {})).toThrow(/HOME is not set/);
    expect(() => resolveAddress({ nats: 'a', context: 'b' }, {})).toThrow(/not both/);
    write(config);
    expect(() => resolveAddress({ context: 'tset' }, { HOME: home })).toThrow(
      /no context "tset"\. Did you mean "test"\? There are prod, test\./,
    );
    expect(() => resolveAddress({ context: 'toString' }, { HOME: home })).toThrow(/no context/);
  });
});
