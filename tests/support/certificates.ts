/** An authority of the test's own, and keys that it has signed, made by openssl in a folder that the test removes. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Keys {
  /** PEM: the certificate. */
  readonly certificate: string;
  /** PEM: key and certificate in one file, as ZooKeeper takes it. */
  readonly both: string;
  /** The same as PKCS12. */
  readonly pkcs12: string;
}

export interface Authority {
  readonly certificate: string;
  /** `subject` as openssl takes it, the least specific part first: `/O=Example/CN=client`. */
  sign(name: string, subject: string, options?: SignOptions): Keys;
  /** PEM: the list of the certificates of this authority that are revoked. */
  revocations(name: string, revoked: readonly Keys[]): string;
}

export interface SignOptions {
  /** `URI:spiffe://example/one,DNS:one` */
  readonly alternativeNames?: string;
}

export const storePassword = 'store-secret';

export function createAuthority(folder: string, name: string): Authority {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-utf8', '-multivalue-rdn'];
  const days = ['-days', '2'];
  openssl(
    ...['req', '-x509', ...newKey, ...days, '-subj', `/CN=${name}`],
    ...['-keyout', `${name}.key`, '-out', `${name}.pem`],
  );
  return {
    certificate: join(folder, `${name}.pem`),
    sign(one, subject, { alternativeNames } = {}) {
      const extensions = alternativeNames === undefined ? '' : `subjectAltName=${alternativeNames}`;
      writeFileSync(join(folder, `${one}.ext`), extensions);
      openssl('req', ...newKey, '-subj', subject, '-keyout', `${one}.key`, '-out', `${one}.csr`);
      openssl(
        ...['x509', '-req', '-in', `${one}.csr`, '-CA', `${name}.pem`, '-CAkey', `${name}.key`],
        ...['-CAcreateserial', '-out', `${one}.crt`, '-extfile', `${one}.ext`, ...days],
      );
      const both = join(folder, `${one}.pem`);
      const part = (suffix: string) => readFileSync(join(folder, `${one}.${suffix}`), 'utf8');
      writeFileSync(both, part('key') + part('crt'));
      openssl(
        ...['pkcs12', '-export', '-in', `${one}.pem`, '-out', `${one}.p12`],
        ...['-passout', `pass:${storePassword}`],
      );
      return { certificate: join(folder, `${one}.crt`), both, pkcs12: join(folder, `${one}.p12`) };
    },
    revocations(list, revoked) {
      const index = join(folder, `${list}.index`);
      writeFileSync(index, '');
      writeFileSync(
        join(folder, `${list}.cnf`),
        `[ca]\ndefault_ca=own\n[own]\ndatabase=${index}\ndefault_md=sha256\ndefault_crl_days=2\n`,
      );
      const own = ['-keyfile', `${name}.key`, '-cert', `${name}.pem`];
      const ca = ['ca', '-config', `${list}.cnf`, ...own];
      for (const { certificate } of revoked) openssl(...ca, '-revoke', certificate);
      openssl(...ca, '-gencrl', '-out', `${list}.crl`);
      return join(folder, `${list}.crl`);
    },
  };
}

/** A trust store as keytool makes it: PKCS12 without any key. */
export function pkcs12TrustStore(folder: string, certificate: string): string {
  const path = join(folder, 'trust.p12');
  execFileSync('openssl', [
    ...['pkcs12', '-export', '-nokeys', '-in', certificate, '-out', path],
    ...['-passout', `pass:${storePassword}`],
  ]);
  return path;
}
