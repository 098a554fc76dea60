/**
 * `npm test`: installs what is missing, then runs every check there is, one after another, and ends with one line
 * "N passed, M failed". Each step that is no test file counts as one test.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileCache, ensureInstalled, root } from './setup.mjs';

const node = await ensureInstalled();
const bin = join(root, 'node_modules', '.bin');
const temporary = mkdtempSync(join(tmpdir(), 'mesozoo-test-'));
const environment = {
  ...process.env,
  // Tools begin with "env node": the right one comes first. Debian keeps nats-server where users do not look.
  PATH: `${bin}:${process.env.PATH}:/usr/local/sbin:/usr/sbin:${join(root, '.mesozoo', 'bin')}`,
  NODE_COMPILE_CACHE: compileCache,
};
const totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs one command with its output shown; gives whether it succeeded. */
async function run(title, program, args) {
  process.stdout.write(`\n── ${title}\n`);
  const started = Date.now();
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', env: environment });
  const status = await new Promise((resolve) => {
    child.on('error', (error) => {
      process.stdout.write(`${error.message}\n`);
      resolve(1);
    });
    child.on('close', resolve);
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? 'ok' : 'FAILED'}: ${title} (${seconds} s)\n`);
  return status === 0;
}

async function step(title, program, args) {
  if (await run(title, program, args)) totals.passed += 1;
  else totals.failed += 1;
}

/** Test files: their tests are counted one by one. */
async function tests(title, ...args) {
  const report = join(temporary, `${title.replace(/\W+/g, '-')}.json`);
  const succeeded = await run(title, join(bin, 'vitest'), [
    'run',
    ...args,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  const counted = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  totals.passed += counted?.numPassedTests ?? 0;
  totals.failed += counted?.numFailedTests ?? 0;
  totals.skipped += counted?.numPendingTests ?? 0;
  // A file that could not even be loaded, or a report that is missing, has no tests to count.
  if (!succeeded && (counted?.numFailedTests ?? 0) === 0) totals.failed += 1;
}

const started = Date.now();
await step('nats-server', node, [join(root, 'cli', 'up', 'ensure-nats-server.ts')]);
await step('browser', node, [join(root, 'tests', 'support', 'ensure-browser.ts')]);
await step('clients of ZooKeeper, to test with', node, [
  join(root, 'tests', 'zookeeper', 'ensure-foreign-clients.ts'),
]);
await step('types', join(bin, 'tsc'), ['--noEmit']);
await step('types of the page', join(bin, 'tsc'), ['--noEmit', '-p', 'web']);
await step('lint and format', join(bin, 'biome'), ['check', '.']);
const apart = ['tests/cluster/**', 'tests/zookeeper/**', 'tests/chaos/**', 'simulation/**'];
await tests('unit tests', ...apart.map((files) => `--exclude=${files}`));
// Its campaigns keep all processors busy by themselves: beside them other tests would only wait.
await tests('simulation', 'simulation/', '--no-file-parallelism');
await tests('a real cluster of processes', 'tests/cluster', '--no-file-parallelism');
await tests('clients of ZooKeeper', 'tests/zookeeper', '--no-file-parallelism');
// Says in one line why there are none of containers on a machine that cannot have them.
await tests('a cluster of containers', 'tests/chaos', '--no-file-parallelism');

rmSync(temporary, { recursive: true, force: true });
const minutes = ((Date.now() - started) / 60_000).toFixed(1);
process.stdout.write(`\nAll steps took ${minutes} minutes.\n`);
const skipped = totals.skipped === 0 ? '' : `, ${totals.skipped} skipped`;
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);
