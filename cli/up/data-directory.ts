/**
 * What the supervisor keeps in the data directory: which cluster lies there and in which format, the secrets, and
 * the processes that it started.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { MesozooError } from '../../protocol/errors.ts';
import { makePassable } from '../../runtime/passable.ts';
import { version } from '../../runtime/version.ts';
import type { RecordedProcess } from './process-identity.ts';

/** Of everything below the data directory; a greater number means that an older program cannot read it. */
const FORMAT = 2;

const clusterFile = z.object({
  format: z.int(),
  version: z.string(),
  clusterId: z.string(),
  /** Those that founded it; `coords.json` says which there are. */
  coords: z.array(z.int().min(1).max(255)).min(1),
  /**
   * Coords that were seen at work once: they have their data, and are never told to create the cluster again. One that
   * was never seen has promised nothing to anybody, and is to begin as the others did, whoever leads by then.
   */
  begunCoords: z.array(z.int()).default([]),
});
export type ClusterRecord = z.infer<typeof clusterFile>;

/** Written by `mesozoo coord`, and by nobody else; followed by the supervisor, which starts and stops what it says. */
const coordsFile = z.object({
  /** Those that run here, whether they are members already, still, or not. */
  present: z.array(z.int().min(1).max(255)).min(1),
  /** The greatest number that was ever given: none is given again, since it stands for the promises of one disk. */
  given: z.int().min(1).max(255),
  /** Was started and is to become a member: who repeats the command goes on with it. */
  joining: z.int().optional(),
});
export type CoordsRecord = z.infer<typeof coordsFile>;

const secretNames = ['coord', 'master', 'agent', 'client', 'system'] as const;
export type Secrets = Readonly<Record<(typeof secretNames)[number], string>>;

const processesFile = z.object({
  supervisor: z.object({ pid: z.int(), startedAt: z.string() }).optional(),
  natsUrl: z.string().optional(),
  /** With the file below: which ports a further coord gets. */
  portOffset: z.int().optional(),
  zooCfg: z.string().optional(),
  parts: z.array(z.object({ name: z.string(), pid: z.int(), startedAt: z.string() })),
});
export type ProcessesRecord = z.infer<typeof processesFile>;
export type PartRecord = RecordedProcess & { readonly name: string };

export class DataDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  exists(): boolean {
    return existsSync(this.file('cluster.json'));
  }

  of(part: string): string {
    return join(this.path, part);
  }

  logOf(part: string): string {
    return join(this.path, 'logs', `${part}.log`);
  }

  /**
   * The cluster that lies here, or a new one of so many coords. Throws WRONG_DATA_DIRECTORY when it has another
   * format, or another number of coords than asked for.
   */
  openCluster(coords: number | undefined): ClusterRecord {
    makePassable(this.path);
    mkdirSync(join(this.path, 'logs'), { recursive: true, mode: 0o700 });
    const found = this.readCluster();
    if (found === undefined) {
      const created: ClusterRecord = {
        format: FORMAT,
        version,
        clusterId: `c-${randomBytes(8).toString('hex')}`,
        coords: Array.from({ length: coords ?? 3 }, (_, index) => index + 1),
        begunCoords: [],
      };
      this.write('cluster.json', created);
      return created;
    }
    const { length } = this.coords().present;
    if (coords !== undefined && coords !== length)
      throw new MesozooError(
        'WRONG_DATA_DIRECTORY',
        `${this.path} holds a cluster of ${length} coords, not ${coords}: ` +
          'start it without --coords, or give a new directory with --data DIR',
      );
    return found;
  }

  /** Those of the first start, until others were added or removed. Throws WRONG_DATA_DIRECTORY. */
  coords(): CoordsRecord {
    const content = this.read('coords.json');
    if (content === undefined) {
      const present = this.readCluster()?.coords;
      if (present === undefined)
        throw new MesozooError('WRONG_DATA_DIRECTORY', `there is no cluster in ${this.path}`);
      return { present, given: Math.max(...present) };
    }
    const record = coordsFile.safeParse(content);
    if (record.success) return record.data;
    throw new MesozooError(
      'WRONG_DATA_DIRECTORY',
      `${this.file('coords.json')} is not what mesozoo wrote (${record.error.issues[0]?.message})`,
    );
  }

  recordCoords(record: CoordsRecord): void {
    this.write('coords.json', record);
  }

  markBegun(cluster: ClusterRecord, seen: Iterable<number>): ClusterRecord {
    const begun = new Set([...cluster.begunCoords, ...seen]);
    if (begun.size === cluster.begunCoords.length) return cluster;
    const marked = { ...cluster, begunCoords: [...begun].sort((one, other) => one - other) };
    this.write('cluster.json', marked);
    return marked;
  }

  /** Made at the first start. Each begins with a letter and an underscore: nats-server reads bare numbers as numbers. */
  secrets(): Secrets {
    const content = this.read('secrets.json');
    if (content !== undefined)
      return z
        .object(Object.fromEntries(secretNames.map((name) => [name, z.string().min(1)])))
        .parse(content) as Secrets;
    const made = Object.fromEntries(
      secretNames.map((name) => [name, `s_${randomBytes(18).toString('hex')}`]),
    ) as Secrets;
    this.write('secrets.json', made);
    return made;
  }

  processes(): ProcessesRecord {
    const content = this.read('processes.json');
    return content === undefined ? { parts: [] } : processesFile.parse(content);
  }

  recordProcesses(record: ProcessesRecord): void {
    // Not synced: after a failure of the machine none of these processes lives.
    this.write('processes.json', record, false);
  }

  private readCluster(): ClusterRecord | undefined {
    const content = this.read('cluster.json');
    if (content === undefined) return undefined;
    const format = z.object({ format: z.int(), version: z.string() }).safeParse(content);
    if (!format.success || format.data.format !== FORMAT) {
      const [found, by] = format.success
        ? [format.data.format, `mesozoo ${format.data.version}`]
        : ['?', 'something else'];
      throw new MesozooError(
        'WRONG_DATA_DIRECTORY',
        `${this.path} was written by ${by} in format ${found}, this is mesozoo ${version} with format ${FORMAT}: ` +
          'run the version that wrote it, or give a new directory with --data DIR',
      );
    }
    const record = clusterFile.safeParse(content);
    if (!record.success)
      throw new MesozooError(
        'WRONG_DATA_DIRECTORY',
        `${this.file('cluster.json')} is not what mesozoo wrote (${record.error.issues[0]?.path.join('.')}: ` +
          `${record.error.issues[0]?.message}): move ${this.path} away to start anew`,
      );
    return record.data;
  }

  private file(name: string): string {
    return join(this.path, name);
  }

  private read(name: string): unknown {
    let content: string;
    try {
      content = readFileSync(this.file(name), 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw new MesozooError(
        'WRONG_DATA_DIRECTORY',
        `${this.path} cannot be read as a data directory (${code}): give another one with --data DIR`,
        { cause: error },
      );
    }
    try {
      return JSON.parse(content);
    } catch (cause) {
      throw new MesozooError(
        'WRONG_DATA_DIRECTORY',
        `${this.file(name)} is not readable (${(cause as Error).message}): move ${this.path} away to start anew`,
        { cause },
      );
    }
  }

  /** The old content or the new one, whatever happens in between. */
  private write(name: string, content: unknown, synced = true): void {
    const path = this.file(name);
    const descriptor = openSync(`${path}.new`, 'w', 0o600);
    try {
      // Not writeSync: that may write a part of it on a disk that is nearly full.
      writeFileSync(descriptor, `${JSON.stringify(content, null, 2)}\n`);
      if (synced) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(`${path}.new`, path);
  }
}
