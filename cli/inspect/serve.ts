/** `mesozoo inspect --serve`: the page, until Ctrl-C. */
import { spawn } from 'node:child_process';
import { version } from '../../runtime/version.ts';
import { serveInspection } from '../../web/server/server.ts';
import { type Context, interrupted } from '../context.ts';
import { exitCodeOfSignal } from '../exit-codes.ts';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly open: boolean;
}

export async function serve(context: Context, options: ServeOptions): Promise<number> {
  const { ports, cluster } = context.connection;
  const { host, port } = options;
  const server = await serveInspection({ ...ports, cluster, version, host, port });
  context.print(`${server.url}\n`);
  context.note(`The statecharts of "${cluster}" are on that page. Ctrl-C ends it.`);
  if (options.open) openBrowser(server.url, (why) => context.note(`mesozoo: ${why}`));
  const signal = await interrupted(context);
  await server.close();
  return exitCodeOfSignal(signal);
}

function openBrowser(url: string, failed: (why: string) => void): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => failed(`no browser could be opened (${program}): open ${url} yourself`));
  child.unref();
}
