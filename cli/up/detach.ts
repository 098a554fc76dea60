/** `mesozoo up --detach`: the supervisor in the background; this process tells of its start and goes. */
import { fork } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import type { DataDirectory } from './data-directory.ts';

/** What the supervisor in the background tells the one that waits for it. */
export type DetachedMessage = { readonly text: string } | { readonly ready: true };

const MARK = 'MESOZOO_DETACHED';

export function isDetached(): boolean {
  return process.env[MARK] === '1' && process.send !== undefined;
}

/** Resolves with the exit code of this process. */
export function startDetached(data: DataDirectory): Promise<number> {
  mkdirSync(data.of('logs'), { recursive: true, mode: 0o700 });
  const log = openSync(data.logOf('supervisor'), 'a', 0o600);
  const child = fork(process.argv[1] as string, process.argv.slice(2), {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  return new Promise((resolve) => {
    child.on('message', (message: DetachedMessage) => {
      if ('text' in message) process.stdout.write(message.text);
      else {
        child.disconnect();
        child.unref();
        resolve(0);
      }
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** In the background: to the log, and to who waits as long as somebody does. */
export function detachedWrite(text: string): void {
  process.stdout.write(text);
  if (process.connected) process.send?.({ text } satisfies DetachedMessage);
}

export function detachedReady(): void {
  if (process.connected) process.send?.({ ready: true } satisfies DetachedMessage);
}
