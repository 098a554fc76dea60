/** The scenarios of this folder, compiled into a temporary directory and carried out by one Java process. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { classPath } from '../foreign-clients.ts';

export class JavaHost {
  readonly #directory: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  /** Grants a wish of a scenario: `kill PORT` or `pause PATH`. */
  readonly #grant: (wish: string) => Promise<void>;

  private constructor(
    directory: string,
    child: ChildProcessWithoutNullStreams,
    grant: (wish: string) => Promise<void>,
  ) {
    this.#directory = directory;
    this.#process = child;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.#grant = grant;
  }

  static async start(servers: string, grant: (wish: string) => Promise<void>): Promise<JavaHost> {
    const directory = mkdtempSync(join(tmpdir(), 'mesozoo-java-'));
    try {
      await compile(directory);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
    const child = spawn('java', [
      ...['-Xmx256m', '-Dfile.encoding=UTF-8'],
      ...['-cp', `${directory}:${classPath}`, 'Host', servers],
    ]);
    child.stderr.pipe(process.stderr);
    return new JavaHost(directory, child, grant);
  }

  /** "Tree createsEveryKindOfZnode". Rejects with the stack of what failed there. */
  async carryOut(scenario: string): Promise<void> {
    this.#process.stdin.write(`${scenario}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`Java ended in ${scenario}`);
      const [word, ...rest] = value.split(' ');
      if (word === 'passed') return;
      if (word === 'failed') throw new Error(rest.join(' ').replaceAll('|', '\n'));
      await this.#grant(rest.join(' '));
      this.#process.stdin.write('done\n');
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async stop(): Promise<void> {
    this.#reader.close();
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exited;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function compile(directory: string): Promise<void> {
  const sources = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.java'))
    .map((name) => join(import.meta.dirname, name));
  const compiler = spawn('javac', [
    ...['-encoding', 'UTF-8', '-proc:none', '-cp', classPath, '-d', directory],
    ...sources,
  ]);
  const [complaints, [code]] = await Promise.all([text(compiler.stderr), once(compiler, 'exit')]);
  if (code !== 0) throw new Error(`javac ended with ${code}: ${complaints}`);
}
