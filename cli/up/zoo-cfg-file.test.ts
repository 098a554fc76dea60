import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addressLines,
  assertClientPortsFree,
  checkPorts,
  loopback,
  memberPorts,
} from './member-ports.ts';
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

describe('where clients are served', () => {
  it('is told as the file says, and on this machine where that is everywhere', () => {
    const told = (text: string) => {
      const file = fileOf(`${text}\nadmin.serverPort=3200`);
      return addressLines([memberPorts(1, 0, file)], file.hosts);
    };
    expect(told('clientPortAddress=192.0.2.1')).toEqual([
      'ZooKeeper clients: 192.0.2.1:2181',
      'ZooKeeper admin commands: http://192.0.2.1:3200/commands',
    ]);
    expect(told('clientPortAddress=0.0.0.0')[0]).toBe('ZooKeeper clients: 127.0.0.1:2181');
    expect(told('clientPortAddress=::1\nadmin.serverAddress=127.0.0.1')).toEqual([
      'ZooKeeper clients: [::1]:2181',
      'ZooKeeper admin commands: http://127.0.0.1:3200/commands',
    ]);
    expect(addressLines([memberPorts(1, 0)], loopback)[0]).toBe(
      'ZooKeeper clients: 127.0.0.1:2181',
    );
  });

  it('has to be free, or a cluster would send its clients to somebody else', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const ports = { ...memberPorts(1, 0), client: port };
    await expect(assertClientPortsFree([ports], loopback)).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringMatching(
        `^ZooKeeper clients cannot be served at 127.0.0.1:${port} \\(EADDRINUSE\\): stop what uses it`,
      ) as string,
    });
    other.close();
    await once(other, 'close');
    await assertClientPortsFree([ports], loopback);
  });

  it('has to be an address of this machine', async () => {
    const file = fileOf('clientPortAddress=192.0.2.1');
    await expect(assertClientPortsFree([memberPorts(1, 0, file)], file.hosts)).rejects.toThrow(
      '192.0.2.1:2181 (EADDRNOTAVAIL): say another clientPortAddress',
    );
  });
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
