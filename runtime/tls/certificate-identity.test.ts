import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlternativeNameSettings } from '../../actors/coord/gateway/settings.ts';
import { silentLog } from '../../actors/testing/silent-log.ts';
import { createAuthority } from '../../tests/support/certificates.ts';
import { alternativeNames } from './alternative-names.ts';
import { identityOfCertificate } from './certificate-identity.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesozoo-identity-'));
let certificate: Buffer;
let plain: Buffer;

beforeAll(() => {
  const authority = createAuthority(folder, 'authority');
  const rawOf = (name: string, alternativeNames?: string) =>
    new X509Certificate(
      readFileSync(
        authority.sign(
          name,
          `/O=Zoo/CN=${name}`,
          alternativeNames === undefined ? {} : { alternativeNames },
        ).certificate,
      ),
    ).raw;
  certificate = rawOf(
    'one',
    [
      ...[
        'URI:spiffe://zoo/ns/a/sa/bob',
        'DNS:one.example',
        'DNS:two.example',
        'email:bob@example',
      ],
      ...['IP:10.0.0.1', 'IP:2001:db8::1', 'RID:1.2.3.4', `URI:x:${'a'.repeat(40)}!`],
      // Java has no text for the first; the other stands in a section of its own.
      ...['otherName:1.2.3.4;UTF8:x', 'dirName:own\n[own]\nC=DE\nO=Example, Inc\nCN=bob'],
    ].join(','),
  );
  plain = rawOf('plain');
});
afterAll(() => rmSync(folder, { recursive: true }));

it('the alternative names of a certificate are written as Java writes them', () => {
  expect(alternativeNames(certificate).map(({ type, text }) => `${type} ${text}`)).toEqual([
    ...['6 spiffe://zoo/ns/a/sa/bob', '2 one.example', '2 two.example', '1 bob@example'],
    ...['7 10.0.0.1', '7 2001:db8:0:0:0:0:0:1', '8 1.2.3.4', `6 x:${'a'.repeat(40)}!`],
    '4 CN=bob,O=Example\\, Inc,C=DE',
  ]);
  expect(alternativeNames(plain)).toEqual([]);
});

it.each([
  ['the subject, without settings', undefined, 'CN=one,O=Zoo', undefined],
  ['the one of its type', [1, /.*/u, /.*/u, 0], 'bob@example', undefined],
  ['the one that fits', [6, /^spiffe:/u, /.*/u, 0], 'spiffe://zoo/ns/a/sa/bob', undefined],
  ['a part of it', [6, /^spiffe:/u, /ns\/(\w+)\/sa\/(\w+)/u, 2], 'bob', undefined],
  ['the subject, where two fit', [2, /example/u, /.*/u, 0], 'CN=one,O=Zoo', /^2 names of type 2/],
  ['the subject, where none fits', [6, /^https:/u, /.*/u, 0], 'CN=one,O=Zoo', /^0 names of type 6/],
  ['the subject, where nothing is extracted', [1, /.*/u, /^x/u, 0], 'CN=one,O=Zoo', /extracted/],
  ['the subject, where it takes forever', [6, /^x:(a+)+$/u, /.*/u, 0], 'CN=one,O=Zoo', /timed out/],
] as const)('%s, is who its holder is', (_what, chosen, identity, reason) => {
  const warnings: unknown[] = [];
  const [type, match, extract, group] = chosen ?? [];
  const settings = chosen && ({ type, match, extract, group } as AlternativeNameSettings);
  const log = { ...silentLog, warn: (_text: string, fields?: object) => warnings.push(fields) };
  expect(identityOfCertificate(settings, log)(certificate)).toBe(identity);
  expect(warnings).toEqual(
    reason === undefined
      ? []
      : [{ subject: identity, reason: expect.stringMatching(reason) as string }],
  );
});
