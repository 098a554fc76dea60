/** Java's names of cipher suites, as zoo.cfg has them, in OpenSSL's words. */
import { getCiphers } from 'node:tls';

const known = new Set(getCiphers().map((name) => name.toUpperCase()));

/** Undefined for a suite that the runtime does not have; OpenSSL's own names are understood as well. */
export function openSslCipher(name: string): string | undefined {
  const upper = name.toUpperCase();
  if (known.has(upper)) return upper;
  const changed = upper
    .replace(/^(TLS|SSL)_/, '')
    .replace('_WITH_', '-')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace(/_?CBC_?/, '_')
    .replace(/CHACHA20_POLY1305_SHA256$/, 'CHACHA20-POLY1305')
    .replaceAll('_', '-')
    .replace(/^RSA-/, '');
  return known.has(changed) ? changed : undefined;
}
