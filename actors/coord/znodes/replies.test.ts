import { describe, expect, test } from 'vitest';
import type { SessionId, SessionIncarnation, Zxid } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { OperationResult, Stat } from '../../../protocol/operations.ts';
import { Replies } from './replies.ts';
import { errorBody, failure, multiFailure } from './result-codec.ts';

const wallMs = 1_700_000_000_000;
const zxid = 500 as Zxid;
const stat: Stat = {
  czxid: 1 as Zxid,
  mzxid: 500 as Zxid,
  pzxid: 499 as Zxid,
  ctimeMs: wallMs + 5_000,
  mtimeMs: wallMs,
  version: -(2 ** 31),
  cversion: -1,
  aversion: 2 ** 31 - 1,
  ephemeralOwner: 'ffffffffffffffff' as SessionId,
  dataLength: 512 * 1024,
  numChildren: 100_000,
};
const results: [string, OperationResult][] = [
  ['created', { kind: 'created', path: '/ä/漢字-0000000001', stat }],
  ['deleted', { kind: 'deleted' }],
  ['stat', { kind: 'stat', stat: { ...stat, ephemeralOwner: '' } }],
  ['checked', { kind: 'checked' }],
  ['multi', { kind: 'multi', results: [{ kind: 'deleted' }, { kind: 'stat', stat }] }],
  ['empty multi', { kind: 'multi', results: [] }],
  ['error', failure('NO_NODE')],
  ['error in other words', failure('BAD_PATH', 'the path is empty')],
  ['failed multi', multiFailure(errorBody('BAD_VERSION'), 1, 4)],
  ['session', { kind: 'session', incarnation: 2 as SessionIncarnation, timeoutMs: 1, number: 3 }],
  ['closed', { kind: 'closed' }],
];

describe('a remembered reply', () => {
  test.each(results)('of kind %s is what it was', (_, result) => {
    const replies = new Replies();
    replies.remember(1, zxid, wallMs, result);
    expect(replies.find(1)).toEqual({ zxid, result });
    const restored = new Replies();
    restored.put(1, replies.all()[0]!);
    expect(restored.find(1)).toEqual({ zxid, result });
    expect(restored.sum).toEqual(replies.sum);
  });

  test('of a set takes about thirty bytes', () => {
    const replies = new Replies();
    const usual = { ...stat, aversion: 0, version: 7, ephemeralOwner: '', ctimeMs: wallMs - 1e6 };
    replies.remember(1, zxid, wallMs, { kind: 'stat', stat: usual as Stat });
    expect(replies.all()[0]!.length).toBeLessThan(36);
  });
});

describe('replies', () => {
  const fill = (from: number, to: number, replies = new Replies()): Replies => {
    for (let number = from; number <= to; number++)
      replies.remember(number, number as Zxid, wallMs, { kind: 'deleted' });
    return replies;
  };
  /** Of the same numbers, but never of any older one. */
  const fresh = (replies: Replies): Replies => {
    const other = new Replies();
    for (const [index, text] of replies.all().entries()) other.put(replies.first + index, text);
    return other;
  };

  test('are the last ones', () => {
    const replies = fill(1, limits.sessionOutstanding + 10);
    expect(replies.count).toBe(limits.sessionOutstanding);
    expect(replies.first).toBe(11);
    expect(replies.find(10)).toBeUndefined();
    expect(replies.find(11)?.zxid).toBe(11);
    expect(replies.find(limits.sessionOutstanding + 10)?.zxid).toBe(1034);
    expect(replies.find(limits.sessionOutstanding + 11)).toBeUndefined();
    expect(replies.find(0)).toBeUndefined();
  });

  test('have a sum that depends only on what is kept', () => {
    const replies = fill(1, 3 * limits.sessionOutstanding + 7);
    expect(fresh(replies).sum).toEqual(replies.sum);
    expect(fill(1, 5).sum).not.toEqual(fill(1, 6).sum);
  });

  test('are bounded in bytes too, but the last one is always kept', () => {
    const large = (bytes: number): OperationResult => ({
      kind: 'multi',
      results: Array.from({ length: bytes / 2000 }, () => ({
        kind: 'created',
        path: `/${'x'.repeat(1970)}`,
        stat,
      })),
    });
    const replies = new Replies();
    for (let number = 1; number <= 8; number++)
      replies.remember(number, zxid, wallMs, large(limits.sessionReplyBytes / 4));
    expect(replies.count).toBeGreaterThan(1);
    expect(replies.count).toBeLessThanOrEqual(4);
    expect(fresh(replies).sum).toEqual(replies.sum);
    replies.remember(9, zxid, wallMs, large(limits.sessionReplyBytes * 2));
    expect(replies.count).toBe(1);
    expect(replies.find(9)?.zxid).toBe(zxid);
    expect(fresh(replies).sum).toEqual(replies.sum);
  });

  test('begin anew after being cleared', () => {
    const replies = fill(1, 20);
    replies.clear();
    expect(replies.count).toBe(0);
    expect(replies.find(1)).toBeUndefined();
    expect(replies.sum).toEqual(new Replies().sum);
    expect(fill(1, 3, replies).sum).toEqual(fill(1, 3).sum);
  });
});
