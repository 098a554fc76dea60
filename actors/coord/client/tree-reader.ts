/**
 * Reads a part of the tree, a bounded number of reads at a time, list of children by list in pages.
 *
 * For recovery: reads that fail are tried again, until the reader is cancelled. A session that has seen a change made
 * by another one sees all that came before it; `sync` first makes that true after a change of member too.
 */
import { limits } from '../../../protocol/limits.ts';
import type { ZnodeReplies, ZnodeRequest, ZnodeRequestName } from '../../../protocol/znode-api.ts';
import type { Clock, Logger } from '../../actor.ts';
import type { CoordClient } from './contract.ts';

const READS_AT_ONCE = 256;
const RETRY_MS = 200;

export interface TreeReaderParts {
  readonly client: CoordClient;
  readonly clock: Clock;
  readonly log: Logger;
}

type Job = (finished: () => void) => void;

export class TreeReader {
  private readonly parts: TreeReaderParts;
  private readonly jobs: Job[] = [];
  private underWay = 0;
  private cancelled = false;
  private done: () => void = () => undefined;

  constructor(parts: TreeReaderParts) {
    this.parts = parts;
  }

  /** `begin` asks for the first reads; `done` is called once, when all of them and what they asked for are answered. */
  start(path: string, begin: () => void, done: () => void): void {
    this.done = done;
    this.read('sync', { path }, () => {
      begin();
      this.next();
    });
  }

  cancel(): void {
    this.cancelled = true;
  }

  /** Data of a znode; undefined where there is none. */
  get(path: string, handler: (data: Uint8Array | undefined) => void): void {
    this.jobs.push((finished) =>
      this.read('get', { path }, (found) => {
        handler(found && (found.data as Uint8Array));
        finished();
      }),
    );
  }

  /** Names of the children, each once; none where the znode is not there. */
  children(path: string, handler: (name: string) => void): void {
    this.jobs.push((finished) => this.page(path, undefined, handler, finished));
  }

  private page(
    path: string,
    after: string | undefined,
    handler: (name: string) => void,
    finished: () => void,
  ): void {
    this.read('children', { path, after, limit: limits.childrenPerPage }, (page) => {
      for (const name of page?.children ?? []) handler(name);
      const last = page?.children.at(-1);
      if (page?.more && last !== undefined) this.page(path, last, handler, finished);
      else finished();
    });
  }

  private next(): void {
    while (this.underWay < READS_AT_ONCE) {
      // Latest first: what one list has led to before the next list, so that few names wait.
      const job = this.jobs.pop();
      if (job === undefined) break;
      this.underWay += 1;
      job(() => {
        this.underWay -= 1;
        this.next();
      });
    }
    if (this.underWay > 0 || this.cancelled) return;
    this.cancelled = true;
    this.done();
  }

  /** Undefined where there is no such znode. */
  private read<Name extends ZnodeRequestName>(
    name: Name,
    request: ZnodeRequest<Name>,
    handler: (value: ZnodeReplies[Name] | undefined) => void,
  ): void {
    this.parts.client.request(name, request, (answer) => {
      if (this.cancelled) return;
      if (answer.ok) handler(answer.value);
      else if (answer.error.code === 'NO_NODE') handler(undefined);
      else {
        this.parts.log.warn('read failed during recovery', { error: answer.error.message });
        this.parts.clock.after(RETRY_MS, () => this.cancelled || this.read(name, request, handler));
      }
    });
  }
}
