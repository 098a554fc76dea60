import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../tests/support/certificates.ts';
import { subjectName } from './subject-name.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesozoo-subjects-'));
let authority: Authority;
beforeAll(() => {
  authority = createAuthority(folder, 'authority');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The right sides are what `X500Principal.getName()` of Java 17 has said to the same subjects. */
describe('a subject is written as Java writes it', () => {
  it.each([
    ['/C=DE/O=Ex, Inc/OU=a/CN=client', String.raw`CN=client,OU=a,O=Ex\, Inc,C=DE`],
    ['/CN=   /O= a b  ', String.raw`O=\ a b\ \ ,CN=\ \ \ `],
    [String.raw`/CN=a\/b/O=x=y`, String.raw`O=x\=y,CN=a/b`],
    [
      String.raw`/DC=org/DC=example/UID=x/CN=with "quotes" \\ and <x>;=#`,
      String.raw`CN=with \"quotes\" \\ and \<x\>\;\=\#,UID=x,DC=example,DC=org`,
    ],
    ['/emailAddress=a@b.c/CN=#lead', String.raw`CN=\#lead,1.2.840.113549.1.9.1=#16056140622e63`],
    [
      '/serialNumber=12/street=s/L=l/ST=st/title=t',
      '2.5.4.12=#0c0174,ST=st,L=l,STREET=s,2.5.4.5=#13023132',
    ],
    ['/CN=Jürgen Müller/O=日本', 'O=日本,CN=Jürgen Müller'],
    ['/CN=a/OU=x+O=y', 'O=y+OU=x,CN=a'],
  ])('%s', (subject, expected) => {
    const { certificate } = authority.sign('one', subject);
    expect(subjectName(new X509Certificate(readFileSync(certificate)).raw)).toBe(expected);
  });

  it('bytes that are no certificate are refused', () => {
    expect(() => subjectName(Buffer.from('3003020101', 'hex'))).toThrow(RangeError);
    expect(() => subjectName(Buffer.from('308201', 'hex'))).toThrow(RangeError);
  });
});
