/** How long `docker compose up` takes, as a user runs it: new volumes, the images there, until every part is healthy. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSecrets } from '../../cli/containers/secrets.ts';
import { publishedPorts } from './published-ports.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** In seconds. Throws with compose's own words when it fails. */
export async function measureUp(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'mesozoo-up-'));
  const secrets = join(directory, 'secrets');
  writeSecrets(secrets, { replace: false });
  const { environment: ports } = await publishedPorts();
  const project = `mesozoo-up-${randomBytes(4).toString('hex')}`;
  const image = `mesozoo:${project}`;
  const environment = {
    ...process.env,
    MESOZOO_IMAGE: image,
    ...ports,
  };
  const docker = (...command: string[]) => {
    const options = { cwd: root, env: environment, encoding: 'utf8' } as const;
    const done = spawnSync('docker', command, options);
    if (done.status !== 0) throw new Error(`docker ${command.join(' ')}: ${done.stderr}`);
  };
  const compose = (...command: string[]) =>
    docker('compose', '--project-name', project, '--env-file', secrets, ...command);
  compose('build', '--quiet');
  try {
    const beganMs = performance.now();
    compose('up', '--detach', '--wait');
    return (performance.now() - beganMs) / 1000;
  } finally {
    compose('down', '--volumes', '--timeout', '1');
    docker('image', 'rm', image);
    rmSync(directory, { recursive: true });
  }
}
