import { expect, test } from 'vitest';
import { digestIdentity } from '../door/credentials.ts';
import { systemAcl } from './system-acl.ts';

test('anyone reads, and who proves the digest to the door may do everything', () => {
  expect(systemAcl('system:a:b')).toEqual([
    { permissions: 1, scheme: 'world', id: 'anyone' },
    { permissions: 31, ...digestIdentity('system:a:b') },
  ]);
});

test.each(['', 'system', ':secret'])('%j is no digest', (digest) => {
  expect(() => systemAcl(digest)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }));
});
