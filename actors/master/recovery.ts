/** What a new leader reads from the tree: the frameworks, and what each of them has launched. */
import type { AttemptId, FrameworkId } from '../../protocol/ids.ts';
import { treePaths } from '../../protocol/paths.ts';
import { TreeReader, type TreeReaderParts } from '../coord/client/tree-reader.ts';
import { decodeFramework, type Framework, type FrameworkNode } from './frameworks/framework.ts';
import type { Frameworks } from './frameworks/frameworks.ts';
import { decodeLaunch, type Launch } from './launches/launch.ts';

export interface RecoveryParts extends TreeReaderParts {
  readonly frameworks: Frameworks;
  readonly isBundled: (id: FrameworkId) => boolean;
  readonly done: (launches: readonly Launch[]) => void;
}

export class Recovery {
  private readonly parts: RecoveryParts;
  private readonly reader: TreeReader;
  private readonly launches: Launch[] = [];

  constructor(parts: RecoveryParts) {
    this.parts = parts;
    this.reader = new TreeReader(parts);
  }

  start(): void {
    this.reader.start(
      treePaths.root,
      () =>
        this.reader.children(treePaths.frameworks, (id) => this.readFramework(id as FrameworkId)),
      () => this.parts.done(this.launches),
    );
  }

  cancel(): void {
    this.reader.cancel();
  }

  private readFramework(id: FrameworkId): void {
    this.reader.get(treePaths.framework(id), (data) => {
      const node = data && this.readable(id, () => decodeFramework(data));
      if (node === undefined) return;
      const framework = this.recovered(id, node);
      this.reader.children(treePaths.launches(id), (attemptId) =>
        this.readLaunch(framework, attemptId as AttemptId),
      );
    });
  }

  private recovered(id: FrameworkId, node: FrameworkNode): Framework {
    return this.parts.frameworks.recover(id, node, this.parts.isBundled(id));
  }

  private readLaunch(framework: Framework, attemptId: AttemptId): void {
    this.reader.get(treePaths.launch(framework.id, attemptId), (data) => {
      const launch =
        data && this.readable(attemptId, () => decodeLaunch(framework, attemptId, data));
      if (launch !== undefined) this.launches.push(launch);
    });
  }

  /** No master writes what is not readable: somebody with the system's secret did. It stays where it is. */
  private readable<Value>(id: string, decode: () => Value): Value | undefined {
    try {
      return decode();
    } catch (error) {
      this.parts.log.error('record is not readable', { id, error: String(error) });
      return undefined;
    }
  }
}
