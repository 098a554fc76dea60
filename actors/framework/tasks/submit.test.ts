/** The bound on tasks that wait or run, and what makes two requests the same. */
import { expect, test } from 'vitest';
import { limits } from '../../../protocol/limits.ts';
import { type SubmitInput, submitRequest } from '../../../protocol/task-api.ts';
import type { TaskBook } from './book.ts';
import { idOfKey, isSameRequest } from './identity.ts';
import { type SubmitParts, submitTask } from './submit.ts';

const request = (more: Partial<SubmitInput> = {}) =>
  submitRequest.parse({ name: 'n', command: 'true', ...more });

test('a master that is full refuses a new task, but still finds an old one', () => {
  const old = { id: idOfKey('old'), request: request({ idempotencyKey: 'old' }) };
  const book = {
    liveCount: limits.tasksLive,
    get: (id: string) => (id === old.id ? old : undefined),
  } as unknown as TaskBook;
  const random = { next: () => 0.5, bytes: () => new Uint8Array() };
  const parts = { book, random } as unknown as SubmitParts;
  expect(() => submitTask(parts, request())).toThrow(/200000 tasks wait or run/);
  expect(submitTask(parts, old.request)).toBe(old);
});

test.each([
  ['the order of fields', { env: { A: '1', B: '2' } }, { env: { B: '2', A: '1' } }, true],
  ['a default that was written out', {}, { priority: 0, retry: { attempts: 1 } }, true],
  ['another value', {}, { priority: 1 }, false],
  ['another order of a list', { argv: ['a', 'b'] }, { argv: ['b', 'a'] }, false],
] as const)('%s', (_, a, b, same) => {
  const parsed = (more: object) => {
    const command = 'argv' in more ? undefined : 'true';
    return submitRequest.parse({ name: 'n', command, ...more });
  };
  expect(isSameRequest(parsed(a), parsed(b))).toBe(same);
});

test('a key makes a short id, always the same, that another key does not have', () => {
  expect(idOfKey('nightly')).toMatch(/^key-[0-9a-f]{16}$/);
  expect(idOfKey('nightly')).toBe(idOfKey('nightly'));
  expect(idOfKey('nightly')).not.toBe(idOfKey('daily'));
});
