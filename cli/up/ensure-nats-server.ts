/** For scripts: makes sure of a nats-server and says which. Ends with 1 and a sentence when there is none to be had. */
import { MesozooError } from '../../protocol/errors.ts';
import { ensureNatsServer } from './nats-server.ts';

try {
  const { path, version } = await ensureNatsServer((what) => console.log(`${what} …`));
  console.log(`${path} ${version}`);
} catch (error) {
  if (!(error instanceof MesozooError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
