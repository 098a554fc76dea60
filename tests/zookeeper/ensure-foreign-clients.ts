/**
 * For scripts: makes sure of ZooKeeper's own clients, and of a Kerberos for them; or says in one line why the tests
 * that need one are skipped.
 */
import { ensureForeignClients, foreignClientsMissing } from './foreign-clients.ts';
import { ensureKerberos, kerberosMissing } from './kerberos/programs.ts';

try {
  const progress = (what: string) => console.log(`${what} …`);
  const present = await ensureForeignClients(progress);
  console.log(present ? "ZooKeeper's own clients in Java and C" : foreignClientsMissing);
  console.log((await ensureKerberos(progress)) ? 'Kerberos' : kerberosMissing);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
