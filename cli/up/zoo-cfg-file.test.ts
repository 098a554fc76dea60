import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkPorts, memberPorts } from './member-ports.ts';
import { readZooCfgFile } from './zoo-cfg-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesozoo-zoo-cfg-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileOf(text: string) {
  const path = join(folder, 'zoo.cfg');
  writeFileSync(path, text);
  return readZooCfgFile(path);
}

it('what has no effect is named with its line, and what may have been meant', () => {
  const { remarks } = fileOf('initLimit=5\ntickTme=2000\n');
  expect(remarks[0]).toMatch(/^zoo.cfg line 1: initLimit has no effect: the quorum is Paxos/);
  expect(remarks[1]).toBe(
    'zoo.cfg line 2: tickTme has no effect: ZooKeeper has no such key. Did you mean "tickTime"?',
  );
});

it('members have ports in a row, or those of their server lines', () => {
  expect([1, 2, 3].map((member) => memberPorts(member, 0).client)).toEqual([2181, 2182, 2183]);
  expect(memberPorts(2, 0)).toEqual({
    client: 2182,
    secure: undefined,
    admin: 8182,
    metrics: undefined,
  });
  expect(memberPorts(2, 100, fileOf('clientPort=3000')).client).toBe(3101);
  expect(memberPorts(2, 0, fileOf('server.2=a:1:2;2999')).client).toBe(2999);
});

it('the ports of a file are moved for each member, all alike', () => {
  const file = {
    ports: { client: 3000, secure: 3100, admin: 3200, metrics: 3300 },
    clientPorts: new Map<number, number>(),
  };
  expect(memberPorts(3, 20, file)).toEqual({
    client: 3022,
    secure: 3122,
    admin: 3222,
    metrics: 3322,
  });
  expect(memberPorts(1, 0, fileOf('admin.enableServer=false')).admin).toBeUndefined();
});

it('members that would want one port are refused, with both keys', () => {
  const file = fileOf('clientPort=3000\nadmin.serverPort=3001');
  const ports = [1, 2].map((member) => [member, memberPorts(member, 0, file)] as const);
  expect(() => checkPorts(ports)).toThrow(
    'port 3001 would be admin.serverPort of coord-1 and clientPort of coord-2',
  );
});

it('a key store that cannot be read is told before anything is started', () => {
  expect(() => fileOf('secureClientPort=3100\nssl.keyStore.location=/nowhere.jks')).toThrow(
    /^zoo.cfg: ssl.keyStore.location: .*nowhere.jks/,
  );
});

it('a JAAS file that has no users is told before anything is started', () => {
  const jaas = join(folder, 'jaas.conf');
  writeFileSync(jaas, 'Server { x.Y required; };');
  expect(() => fileOf(`java.security.auth.login.config=${jaas}`)).toThrow(
    /^zoo.cfg: java.security.auth.login.config: .*jaas.conf: the section "Server" has no user_NAME/,
  );
});

it('a file that is not there is told by its option', () => {
  expect(() => readZooCfgFile(join(folder, 'nowhere'))).toThrow(/^--zoo-cfg: .*nowhere/);
});
