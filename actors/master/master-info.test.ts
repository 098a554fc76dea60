import { expect, test } from 'vitest';
import type { MasterId } from '../../protocol/ids.ts';
import { ipNumber, masterInfo } from './master-info.ts';

test.each([
  ['127.0.0.1', 16777343],
  ['10.0.0.2', 33554442],
  ['255.255.255.255', 4294967295],
  ['::1', 0],
  ['300.1.1.1', 0],
])('%s is %d', (ip, number) => {
  expect(ipNumber(ip)).toBe(number);
});

test('MasterInfo has the fields by which clients of Mesos find the leader', () => {
  const info = masterInfo({
    cluster: 'mz',
    masterId: 'm1' as MasterId,
    hostname: 'host',
    ip: '127.0.0.1',
    port: 5050,
    version: '1.0',
    bundled: [],
    digest: 'system:secret',
  });
  expect(JSON.parse(new TextDecoder().decode(info))).toEqual({
    address: { hostname: 'host', ip: '127.0.0.1', port: 5050 },
    hostname: 'host',
    id: 'm1',
    ip: 16777343,
    pid: 'master@127.0.0.1:5050',
    port: 5050,
    version: '1.0',
  });
});
