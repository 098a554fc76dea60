import { describe, expect, it } from 'vitest';
import { submitRequest } from './task-api.ts';

const command = { name: 'n', command: 'true' };

describe('a request to submit a task', () => {
  it.each([
    ['limits of its processes', { ...command, limits: { openFiles: 64, fileSizeMiB: 1 } }],
    ['no limit among the limits', { ...command, limits: {} }],
    ['arguments with newlines', { name: 'n', argv: ['/bin/echo', 'a\nb\u0001'] }],
  ])('may have %s', (_what, request) => {
    expect(submitRequest.parse(request)).toMatchObject(request);
  });

  it.each([
    ['NUL in its command', { name: 'n', command: 'a\0b' }],
    ['NUL in an argument', { name: 'n', argv: ['/bin/echo', '\0'] }],
    ['NUL in its environment', { ...command, env: { A: 'b\0' } }],
    ['a limit of nothing', { ...command, limits: { fileSizeMiB: 0 } }],
    ['too few files to start', { ...command, limits: { openFiles: 3 } }],
    ['more files than there can be', { ...command, limits: { openFiles: 2_000_000 } }],
    ['a broken limit', { ...command, limits: { addressSpaceMiB: 100.5 } }],
    ['an unknown limit', { ...command, limits: { cores: 1 } }],
  ])('is refused with %s', (_what, request) => {
    expect(submitRequest.safeParse(request).success).toBe(false);
  });
});
