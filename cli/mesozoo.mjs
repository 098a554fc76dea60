#!/usr/bin/env node
/**
 * The way in, for any Node from 20 on: makes sure of the dependencies, then goes on with Node 24 in cli/main.ts.
 * `mesozoo run FILE ARGUMENTS` runs another TypeScript file of the repository in the same way.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const major = Number.parseInt(process.versions.node, 10);
if (major < 20) {
  console.error(
    `mesozoo needs Node 20 or later to start; this is Node ${process.versions.node}. See https://nodejs.org.`,
  );
  process.exit(1);
}
const { compileCache, ensureInstalled, root, runsOnNeededNode } = await import('./setup.mjs');

const node = await ensureInstalled();
const given = process.argv.slice(2);
const command = join(root, 'cli', 'main.ts');

if (given[0] === 'run') runFile(given[1], given.slice(2));
else if (!runsOnNeededNode()) runNode(command, given);
else {
  nodeModule.enableCompileCache(compileCache);
  process.argv[1] = command;
  await import(pathToFileURL(command).href);
}

function runFile(file, args) {
  if (file !== undefined && existsSync(resolve(file))) return runNode(resolve(file), args);
  console.error(
    file === undefined || file.startsWith('-')
      ? 'usage: mesozoo run FILE [ARGUMENTS]\n\nRuns a TypeScript file of the repository, for example a framework:\n  mesozoo run examples/hello-framework.ts'
      : `mesozoo: there is no file ${file}`,
  );
  process.exit(file === '--help' || file === '-h' ? 0 : 2);
}

function runNode(file, args) {
  const child = spawn(node, [file, ...args], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  // Ctrl-C reaches the child as well, but a signal to this process alone does not.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
