/** An agent's process that is killed with -9, and the one that comes after it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProcessEnd, ProcessIdentity } from '../../actors/actor.ts';
import { silentLog } from '../../actors/testing/silent-log.ts';
import { LinuxProcesses } from './processes.ts';

const node = join(import.meta.dirname, '../../node_modules/.bin/node');
const launcher = join(import.meta.dirname, 'testing/launcher.ts');

let root: string;
let next: LinuxProcesses | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mesozoo-adoption-'));
});
afterEach(() => {
  next?.close();
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

function agent(dieAfterMs: string, command: string) {
  return spawn(node, [launcher, root, 'task.1', dieAfterMs, '/bin/sh', '-c', command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function endOf(identity: ProcessIdentity): Promise<ProcessEnd> {
  return new Promise((done) => next!.watch('task.1', identity, done));
}

describe('an agent that is killed with -9', () => {
  it('leaves its commands running, and the next is told their true end', async () => {
    const go = join(root, 'go');
    const killed = agent('never', `while [ ! -e '${go}' ]; do sleep 0.02; done; exit 11`);
    const [line] = (await once(killed.stdout!, 'data')) as [Buffer];
    const identity = JSON.parse(line.toString()) as ProcessIdentity;
    killed.kill('SIGKILL');
    await once(killed, 'exit');

    next = new LinuxProcesses(root, silentLog);
    expect(next.find('task.1')).toEqual(identity);
    expect(next.usage(identity)?.processes).toBeGreaterThan(0);
    const end = endOf(identity);
    writeFileSync(go, '');
    expect(await end).toEqual({ kind: 'exited', exitCode: 11 });
  });

  it.each(['0', '1', '2', '4', '8'])(
    '%s ms after a launch has started the command once, or it can be started: never twice',
    async (dieAfterMs) => {
      const ran = join(root, 'ran');
      const command = `echo once >>'${ran}'; exit 12`;
      await once(agent(dieAfterMs, command), 'exit');

      next = new LinuxProcesses(root, silentLog);
      let identity = next.find('task.1');
      if (identity === undefined) {
        const result = await new Promise<ProcessIdentity | { failure: string }>((done) =>
          next!.launch(
            { sandbox: 'task.1', argv: ['/bin/sh', '-c', command], env: { PATH: '/bin' } },
            done,
          ),
        );
        identity = result as ProcessIdentity;
      }
      expect(await endOf(identity)).toEqual({ kind: 'exited', exitCode: 12 });
      expect(readFileSync(ran, 'latin1')).toBe('once\n');
    },
  );
});
