/** For scripts: makes sure of ZooKeeper's own clients, or says in one line why the tests that need them are skipped. */
import { ensureForeignClients, foreignClientsMissing } from './foreign-clients.ts';

try {
  const present = await ensureForeignClients((what) => console.log(`${what} …`));
  console.log(present ? "ZooKeeper's own clients in Java and C" : foreignClientsMissing);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
