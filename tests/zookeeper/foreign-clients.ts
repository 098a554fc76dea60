/** ZooKeeper's own clients in Java and C, from Debian's packages. */
import { existsSync } from 'node:fs';
import { which } from '../../cli/up/nats-server.ts';
import { installPackages } from '../support/packages.ts';

const jar = '/usr/share/java/zookeeper.jar';
/** Its manifest names what it needs; it shall log nothing. */
export const classPath = `${jar}:/usr/share/java/slf4j-nop.jar`;
/** Where Debian keeps what its C library is shown with: no user's PATH looks there. */
export const programsOfC = '/usr/lib/zookeeper/bin';
const packages = ['default-jdk-headless', 'libzookeeper-java', 'zookeeper-bin'];

function areInstalled(): boolean {
  return (
    which('java') !== undefined &&
    which('javac') !== undefined &&
    existsSync(jar) &&
    existsSync(`${programsOfC}/cli_mt`)
  );
}

/** False where they are not there and cannot be had; in CI that is an error. */
export async function ensureForeignClients(progress: (what: string) => void): Promise<boolean> {
  if (areInstalled() || (await installPackages(packages, areInstalled, progress))) return true;
  if (process.env.CI) throw new Error("CI is set, and ZooKeeper's own clients are not here.");
  return false;
}

/** Why tests with them are skipped here; undefined where they are not. In CI they never are. */
export const foreignClientsMissing =
  areInstalled() || process.env.CI
    ? undefined
    : "the tests of ZooKeeper's own clients are skipped: they are not here, and there is no right to install them " +
      `("sudo apt-get install ${packages.join(' ')}")`;
