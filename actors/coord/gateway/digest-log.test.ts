import { expect, it } from 'vitest';
import type { Zxid } from '../../../protocol/ids.ts';
import { DigestLog } from './digest-log.ts';

it('every 128th zxid is kept once, the newest 1024 of them', () => {
  const log = new DigestLog();
  for (let zxid = 1; zxid <= 128 * 1025; zxid += 1) log.applied(zxid as Zxid, () => 'ff');
  log.applied(256 as Zxid, () => expect.unreachable('a repeat has its zxid of then'));
  expect(log.entries).toHaveLength(1024);
  expect(log.entries[0]).toEqual({ zxid: 256n, digest: 255n });
  expect(log.entries.at(-1)?.zxid).toBe(128n * 1025n);
});
