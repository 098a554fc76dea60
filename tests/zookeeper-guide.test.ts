/** What the guide of security and monitoring shows is what a member reads and serves. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { adminCommandNames } from '../actors/coord/gateway/admin/commands.ts';
import { jaasLogin } from '../actors/coord/gateway/sasl/jaas.ts';
import { parseZooCfg, zooCfgKeys } from '../actors/coord/gateway/zoo-cfg.ts';
import { whyUseless } from '../actors/coord/gateway/zoo-cfg-keys.ts';

const guide = readFileSync(
  new URL('../docs/guides/zookeeper-security-and-monitoring.md', import.meta.url),
  'utf8',
);
const blocks = (kind: string) =>
  [...guide.matchAll(/```(\w*)\n([\s\S]*?)```/g)].flatMap(([, name, text]) =>
    name === kind ? [text as string] : [],
  );

test('every zoo.cfg is read, and has no line without effect', () => {
  const files = blocks('properties');
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect(parseZooCfg(file).ignored).toEqual([]);
});

test('the JAAS file has the users that the text names', () => {
  const file = blocks('').find((text) => text.startsWith('Server {')) as string;
  const login = jaasLogin(file, 'Server');
  expect(login.kind === 'passwords' && [...login.users.keys()]).toEqual(['bob', 'admin']);
});

test('the JAAS file for Kerberos has a key for the server', () => {
  const files = blocks('').filter((text) => text.startsWith('Server {'));
  expect(files.map((file) => jaasLogin(file, 'Server').kind)).toEqual(['passwords', 'kerberos']);
});

test('every key in the tables has an effect', () => {
  const keys = [...guide.matchAll(/^\| (.*?) \|/gm)]
    .flatMap(([, cell]) => [...(cell as string).matchAll(/`([A-Za-z][\w.]*)/g)])
    .map(([, key]) => (key as string).replace(/\.$/, ''))
    .filter((key) => !/^superUser\./.test(key));
  expect(keys.length).toBeGreaterThan(25);
  for (const key of keys) {
    expect(zooCfgKeys).toContain(key);
    expect(whyUseless(key), key).toBeUndefined();
  }
});

test('the commands that it names are there', () => {
  const [, list = ''] = /`\/commands` lists them all: (.*?) and the rest/.exec(guide) ?? [];
  for (const [, name] of list.matchAll(/`(\w+)`/g)) expect(adminCommandNames).toContain(name);
  expect(list).not.toBe('');
});
