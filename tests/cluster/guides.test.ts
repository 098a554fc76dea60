/**
 * The guides are true: their examples are taken out of the pages and run on a real cluster, and must print what stands
 * beside them ("…" is whatever differs from run to run). Python and Go, whose clients are not on every machine, are
 * held against the definitions: every subject and every field that they name exists.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subjectTable } from '../../protocol/subjects.ts';
import { type TaskRequestName, taskRequests } from '../../protocol/task-api.ts';
import { startCluster, type TestCluster } from './harness.ts';

const root = resolve(import.meta.dirname, '../..');
let cluster: TestCluster;
let directory: string;

beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 1 });
  directory = mkdtempSync(join(tmpdir(), 'mesozoo-guides-'));
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
}, 120_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await cluster.stop();
});

function page(name: string): string {
  return readFileSync(join(root, 'docs', 'guides', name), 'utf8');
}

function blocks(text: string, language: string): string[] {
  const found = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return found.filter(([, each]) => each === language).map(([, , code]) => code!);
}

interface Ran {
  readonly exitCode: number | null;
  readonly lines: string[];
  readonly stderr: string;
}

function run(program: string, args: readonly string[], path = ''): Promise<Ran> {
  const child = spawn(program, args, {
    cwd: directory,
    env: {
      ...process.env,
      PATH: `${path}:${process.env.PATH}`,
      NATS_URL: cluster.natsUrl,
      NO_COLOR: '1',
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece) => (stdout += piece));
  child.stderr.on('data', (piece) => (stderr += piece));
  return new Promise((done) => {
    child.on('close', (exitCode) =>
      done({ exitCode, lines: stdout.trimEnd().split('\n'), stderr }),
    );
  });
}

/** What differs from run to run is put out of both. */
function expectPrinted(ran: Ran, text: string): void {
  const expected = blocks(text, 'text').join('').trimEnd().split('\n');
  const shown = ran.lines.map((line, index) => {
    const parts = expected[index]?.split('…') ?? [];
    const pattern = parts.map((part) => part.replace(/[^\w\s]/g, '\\$&')).join('.*');
    return parts.length > 1 && new RegExp(`^${pattern}$`).test(line) ? expected[index] : line;
  });
  expect({ ...ran, lines: shown }).toEqual({ exitCode: 0, lines: expected, stderr: '' });
}

describe('publish tasks', () => {
  it('with the nats command line', async () => {
    const text = page('publish-tasks.md');
    const bin = join(directory, 'bin-');
    const programs = mkdtempSync(bin);
    const command = join(root, 'tests', 'support', 'nats-command.mjs');
    const write = (name: string, content: string) => {
      writeFileSync(join(programs, name), content);
      chmodSync(join(programs, name), 0o755);
    };
    write(
      'nats',
      `#!/bin/sh
export LISTENS_WHEN_GONE="$PWD/starts-$$"
if [ "$1" = sub ]; then touch "$LISTENS_WHEN_GONE"; fi
exec "${process.execPath}" "${command}" "$@"
`,
    );
    write(
      'jq',
      `#!${process.execPath}
const [flag, path, file = '/dev/stdin'] = process.argv.slice(2);
if (flag !== '-r') throw new Error('only -r');
let value = JSON.parse(require('fs').readFileSync(file, 'utf8'));
for (const [, name, index] of path.matchAll(/\\.(\\w+)|\\[(\\d+)\\]/g)) value = value[name ?? index];
console.log(typeof value === 'string' ? value : JSON.stringify(value));
`,
    );
    const script = join(directory, 'guide.sh');
    // A second is enough for a listener to begin on a machine that has nothing else to do: here it is waited for.
    const patience = `sleep() { command sleep "$1"; while ls starts-* > ls.txt 2>&1; do command sleep 0.1; done; }\n`;
    writeFileSync(script, patience + blocks(text, 'sh').join('\n'));
    const ran = await run('bash', ['-eu', script], programs);
    expectPrinted(ran, text);
    const followed = readFileSync(join(directory, 'followed.txt'), 'utf8').trim().split('\n');
    const pieces = followed.map((line) => JSON.parse(line) as { data: string; end?: boolean });
    expect('line 1\nline 2\nline 3\nline 4\n').toContain(pieces.map(({ data }) => data).join(''));
  }, 60_000);

  it('from JavaScript', async () => {
    const text = page('publish-tasks-javascript.md');
    writeFileSync(join(directory, 'tasks.mjs'), blocks(text, 'js').join('\n'));
    expectPrinted(await run(process.execPath, ['tasks.mjs']), text);
  }, 60_000);

  it('from Python, as far as Python is here: it compiles', () => {
    const code = blocks(page('publish-tasks-python.md'), 'python').join('\n\n');
    writeFileSync(join(directory, 'tasks.py'), code);
    const compiled = spawnSync('python3', ['-m', 'py_compile', 'tasks.py'], {
      cwd: directory,
      encoding: 'utf8',
    });
    // A machine without Python has only the definitions to hold it against, below.
    const isAbsent = (compiled.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    expect(isAbsent ? 0 : compiled.status, compiled.stderr).toBe(0);
    expect(code).toMatch(/^asyncio\.run\(main\(\)\)$/m);
  });
});

describe.each([
  'publish-tasks.md',
  'publish-tasks-javascript.md',
  'publish-tasks-python.md',
  'publish-tasks-go.md',
])('%s', (name) => {
  it('names subjects that exist', () => {
    const patterns = subjectTable.map(({ pattern }) => pattern.split('.'));
    const named = [...page(name).matchAll(/\bmz\.((?:task|znode|session)\.[a-z.]*[a-z])/g)].map(
      ([, subject]) => subject!.split('.'),
    );
    expect(named.length).toBeGreaterThan(10);
    for (const subject of named)
      expect(
        patterns.some((pattern) => subject.every((token, index) => pattern[index] === token)),
        subject.join('.'),
      ).toBe(true);
  });
});

/** What stands between a bracket and the one that closes it, without what stands in brackets inside. */
function inside(text: string, from: number): string {
  let depth = 0;
  let found = '';
  for (const character of text.slice(from)) {
    if (')]}'.includes(character)) depth -= 1;
    if (depth === 1) found += character;
    if ('([{'.includes(character)) depth += 1;
    if (depth === 0) return found;
  }
  throw new Error(`a bracket is not closed: ${text.slice(from, from + 40)}`);
}

describe.each([
  ['publish-tasks-python.md', 'python', /\bask\((?=\s*nc,\s*"mz\.task\.(\w+)")/g, /\b(\w+)=/g],
  ['publish-tasks-go.md', 'go', /"mz\.task\.(\w+)", object\{/g, /"(\w+)":/g],
] as const)('%s', (name, language, call, field) => {
  it('asks with fields that exist, but for the request that shows an error', () => {
    const code = blocks(page(name), language).join('\n');
    const unknown: string[] = [];
    let count = 0;
    for (const match of code.matchAll(call)) {
      const shape = taskRequests[match[1] as TaskRequestName].shape;
      const bracket = match.index + match[0].length - 1;
      for (const [, key] of inside(code, bracket).matchAll(field)) {
        count += 1;
        if (!Object.hasOwn(shape, key!)) unknown.push(`${match[1]}: ${key}`);
      }
    }
    expect(count).toBeGreaterThan(10);
    expect(unknown).toEqual(['submit: comand']);
  });
});
