/** An order as it comes over the wire, run by the agent's executor as a real process. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProcessEnd, ProcessIdentity } from '../../actors/actor.ts';
import { processExecutor } from '../../actors/agent/executors/process.ts';
import { readOrder } from '../../actors/agent/orders.ts';
import { silentLog } from '../../actors/testing/silent-log.ts';
import { pack } from '../../protocol/codec.ts';
import type { AttemptSpec, MasterOrder } from '../../protocol/orders.ts';
import { NOTHING } from '../../protocol/resources.ts';
import { LinuxProcesses } from './processes.ts';

let root: string;
let processes: LinuxProcesses;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mesozoo-executor-'));
  processes = new LinuxProcesses(root, silentLog);
});
afterEach(() => {
  processes.close();
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

function run(command: string, more: Partial<AttemptSpec>): Promise<ProcessEnd> {
  const attempt = {
    attemptId: 'a.5f.1',
    taskId: 'a',
    name: 'a',
    argv: ['/bin/sh', '-c', command],
    env: {},
    resources: NOTHING,
    killGraceMs: 0,
    executor: 'process',
    ...more,
  };
  const order = readOrder(pack({ type: 'launch', masterId: 'm', epoch: 1, attempt }));
  const spec = (order as Extract<MasterOrder, { type: 'launch' }>).attempt;
  const executor = processExecutor(processes, 'host-1');
  return new Promise((done) =>
    executor.launch(spec, (started) => executor.watch(spec, started as ProcessIdentity, done)),
  );
}

it('a task is held to the size of files that it asked for', async () => {
  const end = await run('exec head -c 3000000 /dev/zero >big', { limits: { fileSizeMiB: 1 } });
  expect(end).toEqual({ kind: 'signalled', signal: 'SIGXFSZ' });
  expect(statSync(join(root, 'a.5f.1/work/big')).size).toBe(1024 * 1024);
});

it('a task is held to the number of open files that it asked for', async () => {
  expect(await run('exit $(ulimit -n)', { limits: { openFiles: 64 } })).toMatchObject({
    exitCode: 64,
  });
});
