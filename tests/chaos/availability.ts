/** Whether containers can be had on this machine, and if not, why: in one sentence. In CI there is no excuse. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const images = fileURLToPath(new URL('../../infra/images.sh', import.meta.url));

/** Makes what is missing where that is possible; takes up to a minute then. Throws in CI instead of giving a reason. */
export function ensureContainers(): { readonly missing?: string } {
  const missing = whatIsMissing();
  if (missing === undefined) return {};
  if (process.env.CI) throw new Error(`CI is set, so the container tests must run: ${missing}`);
  return { missing };
}

function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux') return 'the faults need the network namespaces of Linux';
  // Firewall rules are set in the containers' namespaces, from the host.
  if (process.getuid?.() !== 0) return 'not root';
  const made = spawnSync(images, { encoding: 'utf8', stdio: ['ignore', 'inherit', 'pipe'] });
  if (made.error !== undefined) return `${images}: ${made.error.message}`;
  if (made.status === 0) return undefined;
  return made.stderr.trim().split('\n').at(-1) ?? `${images} ended with ${made.status}`;
}
