/**
 * The certificates in a PKCS12 store (RFC 7292). OpenSSL, and so Node, opens only stores that have a private key; a
 * trust store, as keytool makes it, has none.
 */
import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { type DerValue, derAt, derNumber, derValue, derValues, objectIdOf, tags } from './der.ts';

const ids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  pbes2: '1.2.840.113549.1.5.13',
} as const;

/** RFC 8018: the functions and ciphers of PBES2 that keytool and openssl use. */
const hashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const ciphers: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
};

/** Its encryption is one of the old ones, which are not read here. */
export class OldEncryptionError extends Error {}

/**
 * In DER. Throws OldEncryptionError; RangeError for what is no such store; what node:crypto throws for a wrong
 * password.
 */
export function pkcs12Certificates(store: Buffer, password: string): readonly Buffer[] {
  const safe = derAt(derValue(store), 1, 1, 0);
  return derValues(derValue(safe.content).content)
    .flatMap((info) => bagsOf(info, password))
    .filter((bag) => objectIdOf(derAt(bag, 0)) === ids.certificateBag)
    .map((bag) => derAt(bag, 1, 0, 1, 0).content);
}

function bagsOf(info: DerValue, password: string): readonly DerValue[] {
  const kind = objectIdOf(derAt(info, 0));
  if (kind === ids.data) return derValues(derValue(derAt(info, 1, 0).content).content);
  if (kind !== ids.encryptedData) return [];
  const encrypted = derAt(info, 1, 0, 1);
  const plain = decrypted(derAt(encrypted, 1), derAt(encrypted, 2).content, password);
  return derValues(derValue(plain).content);
}

function decrypted(algorithm: DerValue, bytes: Buffer, password: string): Buffer {
  if (objectIdOf(derAt(algorithm, 0)) !== ids.pbes2) throw new OldEncryptionError();
  const [salt, iterations, ...others] = derValues(derAt(algorithm, 1, 0, 1).content);
  const hashId = others.find(({ tag }) => tag === tags.sequence);
  const hash = hashId === undefined ? 'sha1' : hashes[objectIdOf(derAt(hashId, 0))];
  const cipher = ciphers[objectIdOf(derAt(algorithm, 1, 1, 0))];
  if (salt === undefined || iterations === undefined) throw new RangeError('a salt is missing');
  if (hash === undefined || cipher === undefined) throw new OldEncryptionError();
  const key = pbkdf2Sync(password, salt.content, derNumber(iterations), cipher.keyBytes, hash);
  const decipher = createDecipheriv(cipher.name, key, derAt(algorithm, 1, 1, 1).content);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}
