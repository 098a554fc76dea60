import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readZooCfgFile, zooKeeperPort } from './zoo-cfg-file.ts';

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
  expect([1, 2, 3].map((member) => zooKeeperPort(member, 0))).toEqual([2181, 2182, 2183]);
  expect(zooKeeperPort(2, 100, fileOf('clientPort=3000'))).toBe(3101);
  expect(zooKeeperPort(2, 0, fileOf('server.2=a:1:2;2999'))).toBe(2999);
});

it('a file that is not there is told by its option', () => {
  expect(() => readZooCfgFile(join(folder, 'nowhere'))).toThrow(/^--zoo-cfg: .*nowhere/);
});
