/** The example `examples/service.ts` as a process of its own, and what its instances have written down of themselves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestCluster } from './harness.ts';

const program = fileURLToPath(new URL('../../examples/service.ts', import.meta.url));

export interface Instance {
  readonly id: string;
  readonly pid: number;
}

export class ServiceProcess {
  readonly lines: string[] = [];
  private readonly child: ChildProcess;
  private readonly exited: Promise<number | NodeJS.Signals | null>;
  private readonly directory: string;

  constructor(cluster: TestCluster, name: string, instances: number, more: readonly string[] = []) {
    this.directory = cluster.directory;
    const command = `echo "$MESOZOO_INSTANCE $$ $PORT0" >> ${startsFile(cluster.directory)}; exec sleep 600`;
    const options = ['--name', name, '--instances', String(instances), '--cpus', '0.05', ...more];
    this.child = spawn(
      process.execPath,
      [program, ...options, '--nats', cluster.natsUrl, '--', command],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.lines.push(...text.trimEnd().split('\n'));
      });
    this.exited = new Promise((resolve) =>
      this.child.on('exit', (code, signal) => resolve(code ?? signal)),
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves with the exit code, or with the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals | null> {
    return this.exited;
  }

  /** Every start of an instance, whoever started it. */
  starts(): Instance[] {
    const file = startsFile(this.directory);
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [id, pid] = line.split(' ');
        return { id: id!, pid: Number(pid) };
      });
  }

  /** Instances whose process is there. */
  alive(): Instance[] {
    return this.starts().filter(({ pid }) => isAlive(pid));
  }
}

const startsFile = (directory: string) => join(directory, 'instances');

/** A process that has ended and was not collected yet is none. */
function isAlive(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return false;
  try {
    return !/\) [ZX] /.test(readFileSync(file, 'utf8'));
  } catch {
    return false; // ended between the two looks
  }
}
