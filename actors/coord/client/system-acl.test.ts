import { expect, test } from 'vitest';
import { digestIdentity } from '../door/credentials.ts';
import { digestId, systemAcl } from './system-acl.ts';

test('anyone reads, and who proves the digest to the door may do everything', () => {
  expect(systemAcl('system:a:b')).toEqual([
    { permissions: 1, scheme: 'world', id: 'anyone' },
    { permissions: 31, ...digestIdentity('system:a:b') },
  ]);
});

test('the hash is the one of ZooKeeper', () => {
  expect(digestId('super:admin')).toBe('super:xQJmxLMiHGwaqBvst5y6rkB6HQs=');
});

test.each(['', 'system', ':secret'])('%j is no digest', (digest) => {
  expect(() => systemAcl(digest)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }));
});
