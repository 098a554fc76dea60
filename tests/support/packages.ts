/** What only tests need, from the packages of Debian. */
import { asAdministrator, succeeds, which } from '../../cli/up/nats-server.ts';

/** False where there is no apt-get, or no right to use it, or nothing came of it. */
export async function installPackages(
  packages: readonly string[],
  areInstalled: () => boolean,
  progress: (what: string) => void,
): Promise<boolean> {
  const apt = which('apt-get');
  const administrator = apt === undefined ? undefined : asAdministrator();
  if (apt === undefined || administrator === undefined) return false;
  progress(`Installing ${packages.join(', ')} (apt-get install)`);
  const install = () =>
    succeeds(...administrator(apt, ['install', '-y', '--no-install-recommends', ...packages]));
  const installed =
    (await install()) || ((await succeeds(...administrator(apt, ['update']))) && (await install()));
  return installed && areInstalled();
}
