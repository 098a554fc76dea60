/** `npm start` and what belongs to it, as a user runs it: the command itself, its words, its processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirectory } from '../../cli/up/data-directory.ts';
import { endLeftovers, findLeftovers } from '../../cli/up/leftovers.ts';
import { isAlive, signalRecorded } from '../../cli/up/process-identity.ts';
import { freePort } from '../support/nats-server.ts';
import { ask, pause } from './harness.ts';

const entry = fileURLToPath(new URL('../../cli/mesozoo.mjs', import.meta.url));
const LIMIT_MS = 120_000;

class Run {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  output = '';

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (data: Buffer) => {
        this.output += data.toString();
      });
    this.exit = new Promise((resolve) => this.child.on('close', (code) => resolve(code)));
  }

  /** Waits until it has said this; rejects when it ends before. */
  async says(words: RegExp | string): Promise<void> {
    let ended = false;
    void this.exit.then(() => {
      ended = true;
    });
    while (!this.output.match(words)) {
      if (ended) throw new Error(`it ended without saying ${words}:\n${this.output}`);
      await pause(20);
    }
  }
}

let directory: string;
let portOffset: number;
let natsUrl: string;
const runs: Run[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mesozoo-up-'));
  do portOffset = (await freePort()) - 4222;
  while (portOffset > 30_000);
  natsUrl = `nats://127.0.0.1:${4222 + portOffset}`;
});
afterEach(async () => {
  for (const run of runs.splice(0)) run.child.kill('SIGKILL');
  const data = new DataDirectory(directory);
  const { supervisor, parts } = data.processes();
  if (supervisor !== undefined) signalRecorded(supervisor, 'SIGKILL');
  await endLeftovers(findLeftovers({ parts }), 'tasksEnd');
  rmSync(directory, { recursive: true, force: true });
});

function mesozoo(...args: string[]): Run {
  const run = new Run(args);
  runs.push(run);
  return run;
}
function up(...args: string[]): Run {
  return mesozoo('up', '--data', directory, '--port-offset', String(portOffset), ...args);
}
function partPid(name: string): number {
  const part = new DataDirectory(directory).processes().parts.find((each) => each.name === name);
  if (part === undefined) throw new Error(`no ${name}`);
  return part.pid;
}
async function request(subject: string, body: object): Promise<Record<string, unknown>> {
  const client = await connect({ servers: natsUrl });
  try {
    return await ask(client, subject, body, 10_000);
  } finally {
    await client.close();
  }
}
async function taskState(taskId: unknown): Promise<unknown> {
  return (await request('mz.task.get', { taskId })).state;
}
async function submitSleep(): Promise<unknown> {
  const { taskId } = await request('mz.task.submit', {
    name: 'long',
    command: 'sleep 300',
    resources: { cpus: 0.1, mem: 16 },
  });
  while ((await taskState(taskId)) !== 'TASK_RUNNING') await pause(50);
  return taskId;
}

describe('mesozoo up', () => {
  it(
    'tells who was elected, runs the example, says what to try, and ends everything in order on Ctrl-C',
    async () => {
      const run = up();
      await run.says('Ctrl-C stops');
      for (const words of [
        /✓ NATS +nats-server \d+\.\d+\.\d+ at nats:\/\/127\.0\.0\.1:\d+/,
        /✓ coords +3 running, coord-[123] leads/,
        /✓ masters +2 running, master-[12] leads \(epoch \d+\)/,
        /✓ agents +3 registered/,
        /Ready after \d+\.\d s/,
        /combine +TASK_BLOCKED/,
        /report +\| Hello from mesozoo/,
        /report +TASK_FINISHED/,
        /npx mesozoo submit --nats nats\S+ -- 'echo "hello from \$\(hostname\), in \$PWD"'/,
      ])
        expect(run.output).toMatch(words);
      const { parts } = new DataDirectory(directory).processes();
      expect(parts.map(({ name }) => name).sort()).toEqual(
        'agent-1 agent-2 agent-3 coord-1 coord-2 coord-3 master-1 master-2 nats'.split(' '),
      );

      const second = up();
      expect(await second.exit).toBe(1);
      expect(second.output).toContain('running from');

      await submitSleep();
      run.child.kill('SIGINT');
      expect(await run.exit).toBe(0);
      expect(run.output).toMatch(
        /stopping 3 agents[\s\S]*long.*TASK_KILLED[\s\S]*stopping 2 masters[\s\S]*stopping 3 coords[\s\S]*stopping NATS[\s\S]*✓ stopped/,
      );
      expect(parts.filter(isAlive)).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'finds what a kill -9 has left behind, and its tasks, znodes and running processes with it',
    async () => {
      const first = up('--no-example');
      await first.says('Ctrl-C stops');
      await request('mz.znode.create', { path: '/kept', data: 'yes' });
      const taskId = await submitSleep();
      const { parts } = new DataDirectory(directory).processes();
      first.child.kill('SIGKILL');
      await first.exit;
      expect(parts.every(isAlive)).toBe(true);

      const again = up('--no-example');
      await again.says('Ctrl-C stops');
      expect(again.output).toContain('ending what a former start has left behind: nats, coord-1');
      expect(parts.filter(isAlive)).toEqual([]);
      expect(await request('mz.znode.get', { path: '/kept', linearizable: true })).toMatchObject({
        data: 'yes',
      });
      expect(await taskState(taskId)).toBe('TASK_RUNNING');
      await request('mz.task.kill', { taskId, graceSeconds: 0 });
      while ((await taskState(taskId)) !== 'TASK_KILLED') await pause(50);
    },
    LIMIT_MS,
  );

  it(
    'names a part that dies, with its end and its log, and starts it again',
    async () => {
      const run = up('--no-example', '--agents', '1', '--masters', '1');
      await run.says('Ctrl-C stops');
      const pid = partPid('coord-2');
      process.kill(pid, 'SIGKILL');
      await run.says(/coord-2 ended: SIGKILL; started again in 0\.25 s; log: .*coord-2\.log/);
      await run.says(/✓ well +after \d+\.\d s: coords 3 running/);
      expect(partPid('coord-2')).not.toBe(pid);

      // Nobody reads any more, as when a terminal was closed.
      const { parts } = new DataDirectory(directory).processes();
      run.child.stdout?.destroy();
      run.child.kill('SIGHUP');
      expect(await run.exit).toBe(0);
      expect(parts.filter(isAlive)).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'goes on when nothing can be written down, and writes it as soon as it can',
    async () => {
      const run = up('--no-example', '--coords', '1', '--agents', '1', '--masters', '1');
      await run.says('Ctrl-C stops');
      const pid = partPid('master-1');
      // As on a full disk: the file that would be written cannot be opened.
      const obstacle = join(directory, 'processes.json.new');
      mkdirSync(obstacle);
      process.kill(pid, 'SIGKILL');
      await run.says(/master-1 ended: SIGKILL; started again/);
      await run.says(/cannot be written down in .*EISDIR/);
      await run.says(/✓ well/);
      rmdirSync(obstacle);
      while (partPid('master-1') === pid) await pause(50);
      const { parts } = new DataDirectory(directory).processes();
      expect(parts.every(isAlive)).toBe(true);
      run.child.kill('SIGINT');
      expect(await run.exit).toBe(0);
      expect(parts.filter(isAlive)).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'starts nothing any more after a Ctrl-C during the start',
    async () => {
      const run = up('--no-example', '--detach');
      const data = new DataDirectory(directory);
      while (data.processes().supervisor === undefined) await pause(1);
      const { supervisor } = data.processes();
      if (supervisor !== undefined) signalRecorded(supervisor, 'SIGINT');
      expect(await run.exit).toBe(0);
      expect(run.output).not.toContain('Ready');
      expect(findLeftovers(data.processes())).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'goes into the background with --detach, and "mesozoo down" ends it',
    async () => {
      const start = up('--detach', '--no-example', '--coords', '1', '--agents', '1');
      expect(await start.exit).toBe(0);
      expect(start.output).toContain('Ready after');
      const data = new DataDirectory(directory);
      const { supervisor, parts } = data.processes();
      expect(supervisor !== undefined && isAlive(supervisor)).toBe(true);
      expect(await request('mz.cluster.state', {})).toMatchObject({ cluster: 'mz' });
      const down = mesozoo('down', '--data', directory);
      expect(await down.exit).toBe(0);
      expect(parts.filter(isAlive)).toEqual([]);
      expect(readFileSync(data.logOf('supervisor'), 'utf8')).toContain('✓ stopped');
      const again = mesozoo('down', '--data', directory);
      expect(await again.exit).toBe(0);
      expect(again.output).toContain('Nothing is running');
    },
    LIMIT_MS,
  );

  it.each([
    [['--coords', 'many'], '--coords'],
    [['--nats', 'nats://127.0.0.1:1'], 'no NATS server answers at nats://127.0.0.1:1'],
    [['--colour'], 'unknown option'],
  ])(
    'refuses %j with a sentence',
    async (args, words) => {
      const run = up('--no-example', ...args);
      expect(await run.exit).not.toBe(0);
      expect(run.output).toContain(words);
    },
    LIMIT_MS,
  );
});
