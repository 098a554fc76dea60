/** ZooKeeper's own shell, which is its Java client: one command, unchanged, with the system properties of a user. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** Every jar of Debian: the client brings none, and with TLS it needs Netty. */
const CLASS_PATH = '/usr/share/java/zookeeper.jar:/usr/share/java/*';

/** What the shell has written, to the terminal and to its log. */
export async function javaShell(
  server: string,
  command: readonly string[],
  properties: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(
    'java',
    [
      ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
      ...['-Xmx128m', '-cp', CLASS_PATH, 'org.apache.zookeeper.ZooKeeperMain'],
      ...['-timeout', '20000', '-waitforconnection', '-server', server, ...command],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return out + errors;
}
