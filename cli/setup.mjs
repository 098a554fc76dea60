/**
 * What must be there before anything of ours can run: the dependencies in step with package-lock.json, Node 24 among
 * them. Plain JavaScript for the Node that the machine has; used by mesozoo.mjs and test.mjs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const nodeNeeded = 24;
const modules = join(root, 'node_modules');
const stamp = join(modules, '.mesozoo-stamp');
export const compileCache = join(modules, '.cache', 'mesozoo-compile');

/** Installs what is missing; gives the path of the Node that everything runs on. Ends the process when it cannot. */
export async function ensureInstalled() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  const node = join(modules, '.bin', 'node');
  if (read(stamp) === digest && existsSync(node)) return node;
  if (!isInstalled(JSON.parse(lock.toString('utf8')))) await npm('ci');
  if (majorOf(node) !== nodeNeeded) await npm('rebuild', 'node');
  if (majorOf(node) !== nodeNeeded)
    fail(`Node ${nodeNeeded} could not be installed: "npm rebuild node" in ${root} says why.`);
  writeFileSync(stamp, digest);
  return node;
}

/** Whether this process itself runs on the Node that is needed. */
export function runsOnNeededNode() {
  return Number.parseInt(process.versions.node, 10) >= nodeNeeded;
}

/** npm's own record of what it installed, against the lock file. */
function isInstalled(lock) {
  const hidden = read(join(modules, '.package-lock.json'));
  if (hidden === undefined) return false;
  const installed = JSON.parse(hidden).packages ?? {};
  return Object.entries(lock.packages).every(
    ([path, wanted]) =>
      path === '' ||
      (installed[path] === undefined
        ? wanted.optional === true
        : installed[path].version === wanted.version && existsSync(join(root, path))),
  );
}

function majorOf(node) {
  const probe = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return probe.status === 0 ? Number.parseInt(probe.stdout.slice(1), 10) : undefined;
}

async function npm(...args) {
  const what = `Installing the dependencies (npm ${args.join(' ')})`;
  const started = Date.now();
  const lively = process.stderr.isTTY;
  const show = () => {
    const seconds = Math.round((Date.now() - started) / 1000);
    process.stderr.write(`\r${what} … ${seconds} s`);
  };
  if (lively) show();
  else process.stderr.write(`${what} …\n`);
  const timer = lively ? setInterval(show, 1000) : undefined;
  let output = '';
  // Development dependencies too, whatever NODE_ENV says: Node itself is one.
  const child = spawn('npm', [...args, '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    output += data;
  });
  const status = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      resolve(1);
    });
    child.on('close', resolve);
  });
  clearInterval(timer);
  const seconds = Math.round((Date.now() - started) / 1000);
  if (lively) process.stderr.write(`\r${what} … ${seconds} s\n`);
  if (status !== 0) fail(`${output.trim()}\n\n"npm ${args.join(' ')}" failed in ${root}.`);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
