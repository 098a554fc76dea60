/** A Kerberos realm of a test's own: MIT's KDC on a port of loopback, with its data in a temporary directory. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { which } from '../../../cli/up/nats-server.ts';
import { freePort } from '../../support/nats-server.ts';

export const REALM = 'EXAMPLE.COM';

export interface Realm {
  readonly folder: string;
  /** The krb5.conf of its clients and services. */
  readonly configPath: string;
  /** A new file with the keys of principals, which are made if they are not there. */
  keytab(...principals: readonly string[]): string;
  /** A JAAS file with one section, by which a process of Java is `principal`. */
  jaas(section: 'Client' | 'Server', principal: string, keytab: string): string;
  stop(): Promise<void>;
}

export async function startRealm(): Promise<Realm> {
  const folder = mkdtempSync(join(tmpdir(), 'mesozoo-kerberos-'));
  const address = `127.0.0.1:${await freePort()}`;
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const configPath = file(
    'krb5.conf',
    `[libdefaults]
       default_realm = ${REALM}
       dns_lookup_kdc = false
       dns_lookup_realm = false
       dns_canonicalize_hostname = false
     [realms]
       ${REALM} = {
         kdc = ${address}
       }`,
  );
  const profile = file(
    'kdc.conf',
    `[realms]
       ${REALM} = {
         database_name = ${folder}/principal
         key_stash_file = ${folder}/stash
         kdc_listen = ${address}
         kdc_tcp_listen = ${address}
       }
     [logging]
       default = FILE:${folder}/log`,
  );
  const env = { ...process.env, KRB5_CONFIG: configPath, KRB5_KDC_PROFILE: profile };
  const run = (program: string, args: readonly string[], input = '') => {
    const { status, error, stderr } = spawnSync(which(program) ?? program, args, {
      env,
      input,
      encoding: 'utf8',
    });
    if (status !== 0) throw error ?? new Error(`${program} ended with ${status}: ${stderr}`);
  };
  run('kdb5_util', ['create', '-s', '-r', REALM, '-P', 'of this test']);
  const kdc = spawn(which('krb5kdc') ?? 'krb5kdc', ['-n', '-r', REALM], {
    ...{ env, stdio: ['ignore', 'ignore', 'pipe'] },
  });
  // It says so once it listens.
  await Promise.race([
    once(kdc.stderr, 'data'),
    once(kdc, 'exit').then(([code]) => {
      throw new Error(`krb5kdc ended with ${code}`);
    }),
  ]);
  let files = 0;
  return {
    ...{ folder, configPath },
    keytab(...principals) {
      files += 1;
      const path = join(folder, `${files}.keytab`);
      const lines = principals.flatMap((name) => [
        `addprinc -randkey ${name}`,
        `ktadd -norandkey -k ${path} ${name}`,
      ]);
      run('kadmin.local', ['-r', REALM], `${lines.join('\n')}\n`);
      return path;
    },
    jaas(section, principal, keytab) {
      files += 1;
      return file(
        `${files}.jaas`,
        `${section} {
           com.sun.security.auth.module.Krb5LoginModule required
           useKeyTab=true keyTab="${keytab}" storeKey=true useTicketCache=false
           principal="${principal}";
         };`,
      );
    },
    async stop() {
      const ended = once(kdc, 'exit');
      kdc.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
