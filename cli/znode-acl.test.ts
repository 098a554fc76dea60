import { expect, test } from 'vitest';
import { aclText, readAcl } from './znode-acl.ts';

test.each([
  ['world:anyone:r', { scheme: 'world', id: 'anyone', permissions: 1 }],
  ['digest:me:aGFzaA==:rw', { scheme: 'digest', id: 'me:aGFzaA==', permissions: 3 }],
  // The hash that ZooKeeper's documentation gives for super:admin.
  [
    'auth:super:admin:cdrwa',
    { scheme: 'digest', id: 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=', permissions: 31 },
  ],
])('%s is read', (word, entry) => {
  expect(readAcl(word)).toEqual(entry);
});

test.each(['world:anyone', 'ip:10.0.0.1:r', 'world:anyone:x', 'auth:me:r', 'auth::secret:r'])(
  '%s is refused in words',
  (word) => {
    expect(() => readAcl(word)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }));
  },
);

test('an entry is written as it was read', () => {
  expect(aclText(readAcl('world:anyone:crw'))).toBe('world:anyone:crw');
});
