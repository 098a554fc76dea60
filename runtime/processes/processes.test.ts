import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LaunchSpec, ProcessEnd, ProcessIdentity } from '../../actors/actor.ts';
import { silentLog } from '../../actors/testing/silent-log.ts';
import { makePassable } from '../passable.ts';
import { isGone, readStat } from './proc.ts';
import { LinuxProcesses } from './processes.ts';

const isRoot = process.getuid?.() === 0;

let root: string;
let processes: LinuxProcesses;
const opened: LinuxProcesses[] = [];
const launched: { port: LinuxProcesses; identity: ProcessIdentity }[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mesozoo-processes-'));
  processes = open();
});

afterEach(() => {
  for (const { port, identity } of launched.splice(0)) port.signal(identity, 'SIGKILL');
  for (const port of opened.splice(0)) port.close();
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

function open(place = root): LinuxProcesses {
  const port = new LinuxProcesses(place, silentLog);
  opened.push(port);
  return port;
}

function launch(
  spec: Partial<LaunchSpec> & { readonly argv: readonly string[] },
): Promise<ProcessIdentity | { readonly failure: string }> {
  return new Promise((done) =>
    processes.launch({ sandbox: 'task.1', env: { PATH: '/usr/bin:/bin' }, ...spec }, (result) => {
      if (!('failure' in result)) launched.push({ port: processes, identity: result });
      done(result);
    }),
  );
}

const shell = (command: string, more: Partial<LaunchSpec> = {}) =>
  launch({ argv: ['/bin/sh', '-c', command], ...more });

function endOf(identity: unknown, port = processes, sandbox = 'task.1'): Promise<ProcessEnd> {
  return new Promise((done) => port.watch(sandbox, identity as ProcessIdentity, done));
}

const runToEnd = async (command: string, more: Partial<LaunchSpec> = {}) =>
  endOf(await shell(command, more));

function output(stream: 'stdout' | 'stderr' = 'stdout', sandbox = 'task.1'): string {
  const read = processes.readOutput(sandbox, stream, 0, 65_536);
  return new TextDecoder().decode(read?.bytes);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 5));
}

describe('an ended command', () => {
  it.each([
    ['true', { kind: 'exited', exitCode: 0 }],
    ['exit 3', { kind: 'exited', exitCode: 3 }],
    ['exit 127', { kind: 'exited', exitCode: 127 }],
    ['exit 255', { kind: 'exited', exitCode: 255 }],
    ['kill -TERM $$', { kind: 'signalled', signal: 'SIGTERM' }],
    ['kill -KILL $$', { kind: 'signalled', signal: 'SIGKILL' }],
    ['kill -INT $$', { kind: 'signalled', signal: 'SIGINT' }],
    ['kill -SEGV $$', { kind: 'signalled', signal: 'SIGSEGV' }],
    ['kill -ABRT $$', { kind: 'signalled', signal: 'SIGABRT' }],
    // Every shell says it this way: a status of 128 + n is signal n.
    ['exit 143', { kind: 'signalled', signal: 'SIGTERM' }],
  ])('of %s is told as it was', async (command, end) => {
    expect(await runToEnd(command)).toEqual(end);
  });

  it('whose program does not exist exits with 127 and says so on stderr', async () => {
    const identity = await launch({ argv: ['/no/such/program'] });
    expect(await endOf(identity)).toEqual({ kind: 'exited', exitCode: 127 });
    expect(output('stderr')).toContain('/no/such/program');
  });

  it('is told to who asks later, and to who asks again', async () => {
    const identity = await shell('exit 4');
    await endOf(identity);
    expect(await endOf(identity)).toEqual({ kind: 'exited', exitCode: 4 });
  });
});

describe('a launch', () => {
  it('passes arguments as they are', async () => {
    const argv = ['a b', '$HOME', '`id`', "'", '"', '', '\n', '-n', '*'];
    await endOf(await launch({ argv: ['/usr/bin/printf', '<%s>', ...argv] }));
    expect(output()).toBe(argv.map((argument) => `<${argument}>`).join(''));
  });

  it('gives the command nothing but the environment that was asked for, and where its sandbox is', async () => {
    await runToEnd('env', { env: { PATH: '/usr/bin:/bin', run: 'kept', HOME: '/h' } });
    const work = join(root, 'task.1', 'work');
    const names = output().trim().split('\n');
    expect(names.filter((line) => !line.startsWith('PWD=')).sort()).toEqual(
      [
        'HOME=/h',
        'PATH=/usr/bin:/bin',
        'run=kept',
        `MESOS_SANDBOX=${work}`,
        `MESOZOO_SANDBOX=${work}`,
      ].sort(),
    );
  });

  it('makes the sandbox the home of a command that was given none, and its working directory', async () => {
    await runToEnd('echo $HOME; pwd');
    const work = join(root, 'task.1', 'work');
    expect(output()).toBe(`${work}\n${work}\n`);
  });

  it('makes the command leader of a session and a group of its own, with no signal ignored', async () => {
    const identity = (await shell('exec sleep 60')) as ProcessIdentity;
    await until(() => readStat(identity.pid)?.session === identity.pid);
    const stat = readStat(identity.pid);
    expect(stat).toMatchObject({ session: identity.pid, group: identity.pid });
    await until(() => readFileSync(`/proc/${identity.pid}/comm`, 'latin1') === 'sleep\n');
    const status = readFileSync(`/proc/${identity.pid}/status`, 'latin1');
    expect(/SigIgn:\s*(\w+)/.exec(status)?.[1]).toMatch(/^0+$/);
  });

  it('leaves the command none of the files that the wrapper needs', async () => {
    await runToEnd('readlink /proc/$$/fd/*');
    const files = output().trim().split('\n');
    expect(files.filter((file) => /^socket:|wrapper/.test(file))).toEqual([]);
    expect(files.filter((file) => file.startsWith(root)).map((file) => basename(file))).toEqual([
      'stdout',
      'stderr',
    ]);
  });

  it('of an unknown user fails in words and starts nothing', async () => {
    expect(await shell('true', { user: 'nobody-of-this-name' })).toEqual({
      failure: 'the user "nobody-of-this-name" does not exist on this agent',
    });
    expect(processes.find('task.1')).toBeUndefined();
  });

  it('with a limit that cannot be set fails in words and starts nothing', async () => {
    const result = await shell('true', { limits: { openFiles: 2 ** 40 } });
    expect(result).toEqual({ failure: expect.stringContaining('ulimit') });
    expect(processes.find('task.1')).toBeUndefined();
  });

  it('into a used sandbox fails', async () => {
    await runToEnd('true');
    expect(await shell('true')).toEqual({ failure: expect.stringContaining('used already') });
  });

  it('of arguments that are too long fails and does not throw', async () => {
    const result = await launch({ argv: ['/bin/echo', 'x'.repeat(3_000_000)] });
    expect(result).toEqual({ failure: expect.stringContaining('E2BIG') });
  });

  it('sets limits', async () => {
    await runToEnd('ulimit -n; ulimit -f; ulimit -v', {
      limits: { openFiles: 64, fileSizeMiB: 2, addressSpaceMiB: 512 },
    });
    expect(output()).toBe('64\n4096\n524288\n');
  });

  it.runIf(isRoot)(
    'runs as another user who owns the sandbox and gets the environment',
    async () => {
      const end = await runToEnd('id -un; echo $GREETING; echo more >file && cat file', {
        user: 'nobody',
        env: { PATH: '/usr/bin:/bin', GREETING: 'hi' },
      });
      expect(output() + output('stderr')).toBe('nobody\nhi\nmore\n');
      expect(end).toEqual({ kind: 'exited', exitCode: 0 });
    },
  );
});

describe('a launch that fails', () => {
  it.each<[string, Partial<LaunchSpec>]>([
    ['an argument that none can be', { argv: ['/bin/echo', 'a\0b'] }],
    ['a variable that none can be', { env: { A: '\0' } }],
    ['a limit that the agent may not give', { limits: { openFiles: 2 ** 40 } }],
    ['a user who is not there', { user: 'no-such-user' }],
  ])('for %s leaves no sandbox', async (_why, more) => {
    expect(await launch({ argv: ['/bin/true'], ...more })).toHaveProperty('failure');
    expect(processes.listSandboxes()).toEqual([]);
  });

  it('for a sandbox that is in use leaves it to who has it', async () => {
    const identity = await shell('echo first');
    await endOf(identity);
    expect(await shell('echo second')).toMatchObject({ failure: expect.stringContaining('used') });
    expect(output()).toBe('first\n');
    expect(processes.find('task.1')).toEqual(identity);
  });
});

describe('the sandbox of another user', () => {
  it.runIf(isRoot)('is reached by its absolute path, and nothing beside it is open', async () => {
    // As it lies in the data of a cluster, made closed by an earlier version.
    chmodSync(root, 0o711);
    const agent = join(root, 'data', 'agent-1');
    for (const name of ['', 'state', 'sandboxes'])
      mkdirSync(join(agent, name), { recursive: true, mode: 0o700 });
    writeFileSync(join(agent, 'state', 'secret'), 'x');
    for (const directory of [join(root, 'data'), agent]) makePassable(directory);
    processes = open(join(agent, 'sandboxes'));
    const end = await runToEnd(
      'cd "$HOME" && touch x && ls; ls -d ../run.1/started; ls ..; cat ../../../state/secret; ls ../..',
      { user: 'nobody' },
    );
    expect(output()).toBe('stderr\nstdout\nx\n');
    expect(output('stderr').match(/Permission denied/g)).toHaveLength(4);
    expect(end).toEqual({ kind: 'exited', exitCode: 2 });
  });
});

describe('signals', () => {
  it('reach every process of the group', async () => {
    const identity = (await shell('sleep 60 & sleep 60 & echo $!; wait')) as ProcessIdentity;
    await until(() => output().endsWith('\n'));
    const grandchild = Number(output());
    expect(readStat(grandchild)).toBeDefined();
    processes.signal(identity, 'SIGTERM');
    expect(await endOf(identity)).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
    await until(() => isGone(readStat(grandchild)));
  });

  it('reach a process that was launched this very moment', async () => {
    const identity = (await shell('sleep 60')) as ProcessIdentity;
    processes.signal(identity, 'SIGTERM');
    expect(await endOf(identity)).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
  });

  it('do not reach the wrapper: a command that survives SIGTERM is still told of truly', async () => {
    const identity = (await shell(
      'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.02; done',
    )) as ProcessIdentity;
    await until(() => output() === 'ready\n');
    processes.signal(identity, 'SIGTERM');
    expect(await endOf(identity)).toEqual({ kind: 'exited', exitCode: 9 });
    expect(output()).toBe('ready\ncaught\n');
  });

  const saves = `trap "sleep 0.3; echo saved >saved; exit 0" TERM; echo ready; while :; do sleep 0.02; done`;
  it.each([
    ['in its group', `/bin/bash -c '${saves}'; echo done`],
    ['in another group of its session', `set -m; /bin/bash -c '${saves}'; echo done`],
  ])('leave a child %s the time to save, although the shell dies at once', async (_, command) => {
    const identity = await launch({ argv: ['/bin/sh', '-c', command] });
    await until(() => output() === 'ready\n');
    processes.signal(identity as ProcessIdentity, 'SIGTERM');
    expect(await endOf(identity)).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
    expect(readFileSync(join(root, 'task.1/work/saved'), 'latin1')).toBe('saved\n');
    expect(output()).toBe('ready\n');
  });

  it('leave a child that time after a restart of the agent as well', async () => {
    const identity = (await shell(`/bin/bash -c '${saves}'; echo done`)) as ProcessIdentity;
    await until(() => output() === 'ready\n');
    processes.signal(identity, 'SIGTERM');
    await until(() => isGone(readStat(identity.pid)));
    const next = open();
    const end = endOf(identity, next);
    // As the agent does when it finds in its journal that it had asked for the end.
    next.signal(identity, 'SIGTERM');
    expect(await end).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
    expect(readFileSync(join(root, 'task.1/work/saved'), 'latin1')).toBe('saved\n');
  });

  it('end with SIGKILL for what does not heed the first', async () => {
    const identity = (await shell(
      `/bin/bash -c 'trap "" TERM; echo $$; while :; do sleep 0.02; done'; echo done`,
    )) as ProcessIdentity;
    await until(() => output().endsWith('\n'));
    const child = Number(output());
    let ended = false;
    const end = endOf(identity).then((how) => {
      ended = true;
      return how;
    });
    processes.signal(identity, 'SIGTERM');
    await until(() => isGone(readStat(identity.pid)));
    await new Promise((done) => setTimeout(done, 100));
    expect([ended, isGone(readStat(child))]).toEqual([false, false]);
    processes.signal(identity, 'SIGKILL');
    expect(await end).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
    await until(() => isGone(readStat(child)));
  });

  it('to what is gone do nothing, also when the pid is somebody else by now', async () => {
    const identity = (await shell('true')) as ProcessIdentity;
    await endOf(identity);
    processes.signal(identity, 'SIGKILL');
    const ours = readStat(process.pid)!;
    const boot = identity.startedAt.split('@')[1];
    processes.signal({ pid: ours.pid, startedAt: `${ours.startTime - 1}@${boot}` }, 'SIGKILL');
    processes.signal({ pid: ours.pid, startedAt: `${ours.startTime}@another-boot` }, 'SIGKILL');
  });

  it.each([
    ['in its group', 'sleep 60 & echo $!'],
    // Job control gives each job a group of its own, in the same session.
    ['in another group of its session', 'set -m; sleep 60 & echo $!'],
  ])(
    'are not needed for what a command leaves behind %s: it is killed',
    async (_where, command) => {
      await endOf(await launch({ argv: ['/bin/bash', '-c', command] }));
      const left = Number(output());
      expect(left).toBeGreaterThan(1);
      await until(() => isGone(readStat(left)));
    },
  );
});

describe('after the agent was killed', () => {
  it('another finds a running command and is told its true end', async () => {
    const identity = await shell('while [ ! -e go ]; do sleep 0.02; done; exit 5');
    const next = open();
    expect(next.find('task.1')).toEqual(identity);
    const end = endOf(identity, next);
    processes = next;
    await endOf(
      await launch({ argv: ['/usr/bin/touch', join(root, 'task.1/work/go')], sandbox: 'go.1' }),
      next,
      'go.1',
    );
    expect(await end).toEqual({ kind: 'exited', exitCode: 5 });
  });

  it('another is told how a command ended that ended meanwhile', async () => {
    const identity = await shell('exit 6');
    await endOf(identity);
    const next = open();
    expect(next.find('task.1')).toEqual(identity);
    expect(await endOf(identity, next)).toEqual({ kind: 'exited', exitCode: 6 });
  });

  it('a command whose wrapper was killed as well is followed to its end, which nobody knows', async () => {
    const identity = (await shell('sleep 60')) as ProcessIdentity;
    const end = endOf(identity);
    await until(() => readStat(identity.pid)?.session === identity.pid);
    process.kill(readStat(identity.pid)!.parent, 'SIGKILL');
    processes.signal(identity, 'SIGTERM');
    expect(await end).toEqual({ kind: 'vanished' });
  });

  it('a command of a former boot has vanished', async () => {
    const identity = (await shell('sleep 60')) as ProcessIdentity;
    const before = { pid: identity.pid, startedAt: `${identity.startedAt}-before` };
    expect(await endOf(before, open())).toEqual({ kind: 'vanished' });
  });

  it('what is found not to have been started never starts', async () => {
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(root, 'task.1', 'run.1'), { recursive: true });
    expect(open().find('task.1')).toBeUndefined();
    // As a wrapper would that was started before the agent was killed, and comes only now.
    const { spawnSync } = await import('node:child_process');
    const { wrapperArguments } = await import('./wrapper.ts');
    const late = wrapperArguments({
      runDirectory: join(root, 'task.1', 'run.1'),
      bootId: 'boot',
      command: ['/usr/bin/touch', join(root, 'ran')],
    });
    const descriptors = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe'] as const;
    spawnSync('/bin/sh', late, { stdio: [...descriptors] });
    expect(() => readFileSync(join(root, 'ran'))).toThrow('ENOENT');
    // And a new launch takes the next run.
    expect(await runToEnd('exit 2')).toEqual({ kind: 'exited', exitCode: 2 });
  });
});

describe('what is seen of a command', () => {
  it('is its output, in pieces', async () => {
    await runToEnd('printf 0123456789; printf oops >&2');
    expect(processes.readOutput('task.1', 'stdout', 4, 3)).toEqual({
      bytes: new TextEncoder().encode('456'),
      size: 10,
    });
    expect(processes.readOutput('task.1', 'stdout', 20, 3)?.bytes).toHaveLength(0);
    expect(output('stderr')).toBe('oops');
    expect(processes.readOutput('task.2', 'stdout', 0, 3)).toBeUndefined();
  });

  it('is not what it put in place of its output', async () => {
    await runToEnd('rm stderr stdout; mkfifo stderr');
    symlinkSync('/etc/passwd', join(root, 'task.1', 'work', 'stdout'));
    expect(processes.readOutput('task.1', 'stdout', 0, 100)).toBeUndefined();
    expect(processes.readOutput('task.1', 'stderr', 0, 100)).toBeUndefined();
  });

  it('is what all its processes use', async () => {
    const identity = (await shell('sleep 60 & sleep 60 & while :; do :; done')) as ProcessIdentity;
    const usage = () => processes.usage(identity);
    await until(() => (usage()?.cpuSeconds ?? 0) > 0 && usage()?.processes === 3);
    expect(usage()?.memBytes).toBeGreaterThan(100_000);
    processes.signal(identity, 'SIGKILL');
    await endOf(identity);
    expect(processes.usage(identity)).toBeUndefined();
  });
});

describe('sandboxes', () => {
  it('are listed until they are removed', async () => {
    await runToEnd('mkdir -p deep/er && touch deep/er/file');
    expect(processes.listSandboxes()).toEqual(['task.1']);
    processes.removeSandbox('task.1');
    expect(processes.listSandboxes()).toEqual([]);
    processes.removeSandbox('task.1');
    expect(processes.find('task.1')).toBeUndefined();
  });

  it.each(['../x', 'a/b', '', '.', '.hidden'])('are never outside of their place: %j', (name) => {
    expect(() => processes.removeSandbox(name)).toThrow('no sandbox name');
  });
});
