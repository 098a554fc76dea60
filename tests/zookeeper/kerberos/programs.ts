/** MIT's KDC, and the library by which a coord understands its tickets, from Debian's packages. */
import { which } from '../../../cli/up/nats-server.ts';
import { installPackages } from '../../support/packages.ts';

/** The KDC brings the library with it. */
const packages = ['krb5-kdc', 'krb5-admin-server'];
const programs = ['kdb5_util', 'kadmin.local', 'krb5kdc'];

const areInstalled = () => programs.every((program) => which(program) !== undefined);

/** False where they are not there and cannot be had; in CI that is an error. */
export async function ensureKerberos(progress: (what: string) => void): Promise<boolean> {
  if (areInstalled() || (await installPackages(packages, areInstalled, progress))) return true;
  if (process.env.CI) throw new Error('CI is set, and Kerberos is not here.');
  return false;
}

/** Why tests with it are skipped here; undefined where they are not. In CI they never are. */
export const kerberosMissing =
  areInstalled() || process.env.CI
    ? undefined
    : 'the tests of Kerberos are skipped: it is not here, and there is no right to install it ' +
      `("sudo apt-get install ${packages.join(' ')}")`;
