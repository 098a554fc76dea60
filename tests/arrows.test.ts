/** Guards the import arrows, the banned globals, the planted bugs and the subjects: names file and line. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { allRules, type SourceFile } from './arrows.ts';
import { plantedBugNames } from './planted-names.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = [
  'actors',
  'machines',
  'protocol',
  'runtime',
  'simulation',
  'cli',
  'bench',
  'tests',
  'web',
];

function sources(): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs)$/.test(name))
      .map((name) => {
        const path = `${folder}/${name.split(sep).join('/')}`;
        return { path, text: readFileSync(join(root, path), 'utf8') };
      }),
  );
}

const breachesOf = (files: readonly SourceFile[]) =>
  files.flatMap((file) =>
    allRules.flatMap((rule) => rule(file).map(({ path, line, what }) => `${path}:${line} ${what}`)),
  );

test('no file of the tree breaks a rule', () => {
  const files = sources();
  expect(files.length).toBeGreaterThan(50);
  expect(breachesOf(files)).toEqual([]);
});

describe('the rules see', () => {
  const planted = plantedBugNames()[0]!;
  test.each([
    ['machines/x.ts', "import { a } from '../protocol/errors.ts';", 'machines import only xstate'],
    ['protocol/x.ts', "import { readFileSync } from 'node:fs';", 'protocol imports only'],
    ['actors/master/x.ts', "import { a } from '../../runtime/nats.ts';", 'actors import only'],
    ['actors/master/x.ts', "import {\n  a,\n} from 'nats';", 'actors import only'],
    ['actors/master/x.ts', "const a = await import('node:net');", 'actors import only'],
    [
      'actors/master/x.ts',
      "import { a } from '../coord/paxos/core.ts';",
      'actor folders meet only',
    ],
    ['actors/agent/x.ts', "export * from '../master/master.ts';", 'actor folders meet only'],
    ['simulation/x.ts', "import { a } from '../runtime/clock.ts';", 'simulation never imports'],
    ['runtime/x.ts', "import { a } from '../simulation/disk.ts';", 'nobody but simulation'],
    ['actors/coord/x.ts', 'const now = Date.now();', 'uses Date'],
    ['actors/coord/x.ts', 'const now = new Date();', 'uses Date'],
    ['machines/x.ts', 'const x = Math.random();', 'uses Math.random'],
    ['actors/coord/x.ts', 'setTimeout(run, 5);', 'uses setTimeout'],
    ['actors/coord/x.ts', 'setInterval(run, 5);', 'uses setInterval'],
    ['actors/coord/x.ts', 'setImmediate(run);', 'uses setImmediate'],
    ['protocol/x.ts', 'const f = async () => 1;', 'uses async'],
    ['protocol/x.ts', 'await f();', 'uses await'],
    ['actors/coord/x.ts', 'return new Promise((done) => done());', 'uses Promise'],
    ['simulation/x.ts', 'const now = performance.now();', 'uses performance'],
    ['web/view/x.ts', "import { a } from '../../runtime/clock.ts';", 'web runs in a browser'],
    ['web/model/x.ts', "import { a } from '../view/html.ts';", 'imports nothing of what shows it'],
    ['cli/x.ts', "import { a } from '../web/store.ts';", 'nobody imports web'],
    ['web/view/x.ts', "import { a } from '../server/server.ts';", 'nobody imports web'],
    ['web/chart/x.ts', 'const box = document.body;', 'uses the browser'],
    ['runtime/x.ts', `const bug = '${planted}';`, 'names the planted bug'],
    ['cli/x.ts', 'start({ planted: bugs });', 'passes planted bugs'],
    ['actors/coord/main.ts', 'start({ planted: bugs });', 'passes planted bugs'],
    ['runtime/x.ts', "publish('mz.task.submit', bytes);", 'subject of its own'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
    ['actors/x.ts', 'publish(`${cluster}.task.submit`, bytes);', 'subject of its own'],
  ])('%s: %s', (path, text, expected) => {
    expect(breachesOf([{ path, text }]).join()).toContain(expected);
  });
});

describe('the rules allow', () => {
  test.each([
    ['machines/x.ts', "import { setup } from 'xstate';"],
    ['actors/master/x.ts', "import { a } from '../coord/client/session-client.ts';"],
    ['actors/master/x.ts', "import { createHash } from 'node:crypto';"],
    ['actors/master/x.ts', "// the Date of it: Date.now()\nconst text = 'await Promise.all(';"],
    ['actors/coord/client/promises.ts', 'export async function f() { await g(); }'],
    ['actors/master/x.ts', 'clock.setTimeout(1); const attached = { async: true };'],
    ['actors/coord/x.test.ts', "import { World } from '../../simulation/world.ts';"],
    ['simulation/x.ts', `const bug = '${plantedBugNames()[0]}';`],
    ['web/chart/x.ts', "import { a } from '../model/history.ts';"],
    ['web/view/x.ts', 'const box = document.body;'],
    ['web/server/x.ts', "import { a } from '../../runtime/clock.ts';"],
    ['cli/x.ts', "import { a } from '../web/server/server.ts';"],
    ['cli/help.ts', "const example = 'nats req mz.task.submit';"],
  ])('%s: %s', (path, text) => {
    expect(breachesOf([{ path, text }])).toEqual([]);
  });
});
