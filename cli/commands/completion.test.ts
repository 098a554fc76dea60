import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completionScripts, shells } from '../completion/scripts.ts';
import { freePlaceholders, sources } from '../completion/sources.ts';
import { placeholderOf, visibleCommands } from '../completion/wanted.ts';
import { createProgram } from '../program.ts';
import { FakeCluster, taskView } from '../testing/fake-cluster.ts';
import { addClusterCommands } from '../up/commands.ts';

let home: string;
let cluster: FakeCluster;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mesozoo-completion-'));
  cluster = new FakeCluster();
  cluster.env = { HOME: home };
  const all = [
    taskView({ taskId: 'report-2', name: 'report', state: 'TASK_QUEUED' }),
    taskView({ taskId: 'report-1', name: 'report', state: 'TASK_FAILED' }),
    taskView({ taskId: 'fetch-1', name: 'fetch', state: 'TASK_FINISHED' }),
  ];
  cluster.answers['task.list'] = ({ states }) => ({
    tasks: all.filter(({ state }) => states === undefined || (states as string[]).includes(state)),
    more: false,
  });
  cluster.answers['metrics.get'] = () => ({ queues: { batch: { waiting: 1, running: 2 } } });
  cluster.answers['cluster.state'] = () => ({
    leader: { masterId: 'master-1-cd' },
    coords: [{ id: 1 }, { id: 2 }],
    frameworks: [{ frameworkId: 'tasks' }],
    agents: [{ agentId: 'agent-1-ab', hostname: 'vm', state: 'active' }],
  });
  const tree: Record<string, string[]> = {
    '/': ['config', 'mesos', 'mesozoo'],
    '/config': ['odd name:80', 'page'],
    '/config/page': ['title'],
  };
  cluster.answers['znode.children'] = ({ path }) => ({ children: tree[path as string] ?? [] });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function complete(...words: string[]): Promise<{ directive: string; values: string[] }> {
  const { stdout } = await cluster.run('__complete', '--', 'mesozoo', ...words);
  const [directive = '', ...lines] = stdout.trimEnd().split('\n');
  return { directive, values: lines.map((line) => line.split('\t')[0]!) };
}

describe('what may come next', () => {
  test.each([
    ['commands', ['e'], ['explain', 'events']],
    [
      'commands of commands',
      ['zk', ''],
      ['ls', 'get', 'stat', 'set', 'create', 'delete', 'watch', 'acl', 'help'],
    ],
    ['options', ['ps', '--st'], ['--state']],
    ['states', ['ps', '--state', 'r'], ['running']],
    ['states in a list', ['ps', '-s', 'running,q'], ['running,queued']],
    ['states after an equals sign', ['ps', '--state=running,q'], ['--state=running,queued']],
    ['queues', ['submit', '--queue', ''], ['batch']],
    ['agents', ['ps', '--agent', ''], ['agent-1-ab']],
    [
      'tasks, by name and by id',
      ['logs', ''],
      ['report', 'fetch', 'report-2', 'report-1', 'fetch-1'],
    ],
    ['tasks that live, to be killed', ['kill', ''], ['report', 'report-2']],
    ['further tasks', ['kill', 'x', 'rep'], ['report', 'report-2']],
    ['tasks in a list', ['submit', '--depends-on', 'a,fetch-'], ['a,fetch-1']],
    ['names only', ['ps', '--name', ''], ['report', 'fetch']],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['nothing after all arguments', ['logs', 'report', ''], []],
    ['nothing for what is free', ['submit', '--name', ''], []],
    ['nothing for an unknown option', ['ps', '--none=', ''], []],
  ])('%s', async (_, words, values) => {
    expect(await complete(...words)).toEqual({ directive: 'words', values });
  });

  test.each([
    [['zk', 'get', '/me'], 'words-open', ['/mesos', '/mesozoo']],
    [['zk', 'get', ''], 'words-open', ['/']],
    [['zk', 'get', '--auth', 'a:b', '/config/p'], 'words-open', ['/config/page']],
    [['zk', 'get', '/config/page/t'], 'words', ['/config/page/title']],
    [['zk', 'get', '/config/o'], 'words', ['/config/odd name:80']],
    [['zk', 'get', 'x'], 'words', []],
    [['inspect', 'co'], 'words-open', ['coordinator']],
    [['inspect', 'coordinator.'], 'words', ['coordinator.1', 'coordinator.2']],
    [['inspect', 'agent.a'], 'words', ['agent.agent-1-ab']],
    [['inspect', 'task.'], 'words', []],
    [['inspect', 'a'], 'words-open', ['agent', 'attempt']],
    [['submit', '-f', ''], 'files', []],
    [['--config', ''], 'files', []],
    [['submit', ''], 'commands', []],
    [['submit', '--', ''], 'commands', []],
    [['submit', '--', 'ls', '-'], 'files', []],
    [['submit', 'ls', '--st'], 'files', []],
  ])('%j: %s', async (words, directive, values) => {
    expect(await complete(...words)).toEqual({ directive, values });
  });

  test('contexts, without their secrets; the one that is typed is asked', async () => {
    mkdirSync(join(home, '.config', 'mesozoo'), { recursive: true });
    writeFileSync(
      join(home, '.config', 'mesozoo', 'config.json'),
      JSON.stringify({
        contexts: { prod: { nats: 'nats://me:secret@p:1' }, test: { nats: 't:2' } },
      }),
    );
    const ran = await cluster.run('__complete', '--', 'mesozoo', 'context', 'use', '');
    expect(ran.stdout).toBe('words\nprod\tnats://p:1\ntest\tt:2\n');
    expect((await complete('--context', 'p')).values).toEqual(['prod']);
    await complete('ps', '--context', 'prod', '--queue', '');
    await complete('ps', '--nats=n:3', '--cluster', 'other', '--queue', '');
    expect(cluster.addresses).toEqual(['nats://p:1 mz', 'n:3 other']);
  });

  test('a line for bash is read as bash reads it, and answered as it must be typed', async () => {
    const ran = await cluster.run('__complete', '--line', 'mesozoo zk get "/config/odd na');
    expect(ran.stdout).toBe('words\n/config/odd\\ name:80\n');
  });

  test('without a cluster what needs none is told, and the rest fails where scripts do not look', async () => {
    cluster.reachable = false;
    expect((await complete('ps', '--st')).values).toEqual(['--state']);
    const ran = await cluster.run('__complete', '--', 'mesozoo', 'logs', '');
    expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
  });
});

test('each placeholder of the usage has a source, or is known to have none', () => {
  const surroundings = { env: {}, stdout: process.stdout, stderr: process.stderr } as never;
  const program = createProgram({ surroundings, ended: () => undefined }, addClusterCommands);
  const placeholders = new Set<string>();
  const visit = (command: Command) => {
    for (const argument of command.registeredArguments)
      if (argument.argChoices === undefined) placeholders.add(argument.name());
    for (const option of command.options)
      if (option.required) placeholders.add(placeholderOf(option));
    for (const below of visibleCommands(command)) visit(below);
  };
  for (const command of visibleCommands(program).filter((each) => each.name() !== 'help'))
    visit(command);
  placeholders.delete('command'); // of each `help`, too
  const known = [...Object.keys(sources), ...freePlaceholders];
  expect([...placeholders].filter((each) => !known.includes(each))).toEqual([]);
  expect(freePlaceholders.filter((each) => !placeholders.has(each))).toEqual([]);
});

describe('the scripts', () => {
  test.each(shells)('%s', async (shell) => {
    expect(await cluster.run('completion', shell)).toEqual({
      exitCode: 0,
      stdout: completionScripts[shell],
      stderr: '',
    });
  });

  /** Bash's own variables and its function, with a program that answers what it is told to. */
  function inBash(line: string, answer: string): { typed: string; reply: string[] } {
    const program = join(home, 'mesozoo');
    const asked = join(home, 'asked');
    writeFileSync(
      program,
      `#!/bin/sh\nprintf '%s' "$3" > ${asked}\necho oops >&2\nprintf '${answer}'\n`,
    );
    chmodSync(program, 0o755);
    // Words as bash cuts them: at its word breaks too.
    const words = line.split(/\s+|(?<=[=:])|(?=[=:])/);
    const script = `${completionScripts.bash}
compopt() { echo "compopt $*" >&2; }
cd ${home}; mkdir -p some-folder; touch some-file
COMP_WORDBREAKS=$' \\t\\n"><=;|&(:'
COMP_LINE=$1; COMP_POINT=\${#1}; COMP_WORDS=(${program}); COMP_WORDS+=("\${@:2}"); COMP_CWORD=$#-1
_mesozoo
printf '%s\\n' "\${COMPREPLY[@]}"; cat ${asked} >&2`;
    const ran = spawnSync('bash', ['--norc', '-c', script, 'bash', line, ...words.slice(1)], {
      encoding: 'utf8',
    });
    return { typed: ran.stderr, reply: ran.stdout.trimEnd().split('\n') };
  }

  test('bash: candidates without descriptions, and what is typed is asked', () => {
    const { typed, reply } = inBash('mesozoo ps --st', 'words\\n--state\\tonly these\\n');
    expect(reply).toEqual(['--state']);
    expect(typed).toBe('mesozoo ps --st');
  });

  test('bash: what stands before a word break is not repeated', () => {
    expect(inBash('mesozoo ps --state=run', 'words\\n--state=running\\n').reply).toEqual([
      'running',
    ]);
    expect(inBash('mesozoo zk get /a:8', 'words\\n/a:80\\n').reply).toEqual(['80']);
  });

  test('bash: a word that goes on gets no space', () => {
    expect(inBash('mesozoo zk get /me', 'words-open\\n/mesos\\n').typed).toMatch(
      /^compopt -o nospace/,
    );
  });

  test('bash: files and folders are its own', () => {
    expect(inBash('mesozoo submit -f some', 'files\\n').reply.sort()).toEqual([
      'some-file',
      'some-folder',
    ]);
    expect(inBash('mesozoo up --data some', 'directories\\n').reply).toEqual(['some-folder']);
  });

  test('bash: an answer that does not come is no candidate', () => {
    expect(inBash('mesozoo logs ', '').reply).toEqual(['']);
  });
});
