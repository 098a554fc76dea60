/**
 * A part of the tree, kept in memory (Curator's TreeCache): read once, then followed. Every change of what is there is
 * told; of several quick changes of one node the last one is, since what is told is always what was read after it. Each
 * node costs two watches. While the quorum does not answer, and until a new session has read again, the last one told stands.
 */
import type { StatBody } from '../../../../protocol/znode-api.ts';
import type { Answer, CoordClient, Followed } from '../contract.ts';

export interface CachedNode {
  readonly path: string;
  readonly data: Uint8Array;
  readonly stat: StatBody;
}

export type CacheEvent =
  | { readonly type: 'added' | 'changed' | 'removed'; readonly node: CachedNode }
  /** Told once: everything that was there in the beginning has been told. */
  | { readonly type: 'ready' };

export interface CachedTreeOptions {
  readonly path: string;
  /** 0: the node alone; 1: its children too; all levels by default. */
  readonly depth?: number;
}

/** A node that is followed, whether it is there or not. */
interface Entry {
  readonly path: string;
  readonly depth: number;
  readonly children: Map<string, Entry>;
  readonly following: { stop(): void }[];
  node?: CachedNode;
  /** Reads whose first answer is awaited. */
  unread: number;
}

export class CachedTree {
  private readonly client: CoordClient;
  private readonly handler: (event: CacheEvent) => void;
  private readonly depth: number;
  private readonly entries = new Map<string, Entry>();
  private unread = 0;
  private stopped = false;
  isReady = false;

  constructor(
    client: CoordClient,
    options: CachedTreeOptions,
    handler: (event: CacheEvent) => void,
  ) {
    this.client = client;
    this.handler = handler;
    this.depth = options.depth ?? Number.POSITIVE_INFINITY;
    this.add(options.path, 0);
  }

  get(path: string): CachedNode | undefined {
    return this.entries.get(path)?.node;
  }

  /** Of all nodes that are there, parents before children. */
  all(): readonly CachedNode[] {
    const nodes: CachedNode[] = [];
    for (const { node } of this.entries.values()) if (node !== undefined) nodes.push(node);
    return nodes.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  stop(): void {
    this.stopped = true;
    for (const { following } of this.entries.values()) for (const each of following) each.stop();
  }

  private add(path: string, depth: number): Entry {
    const entry: Entry = { path, depth, children: new Map(), following: [], unread: 0 };
    this.entries.set(path, entry);
    this.follow(entry, 'get', (answer) => this.readNode(entry, answer));
    if (depth < this.depth)
      this.follow(entry, 'children', (answer) => this.readChildren(entry, answer));
    return entry;
  }

  private follow(
    entry: Entry,
    kind: 'get' | 'children',
    handler: (answer: Answer<Followed>) => void,
  ): void {
    let first = true;
    entry.unread += 1;
    this.unread += 1;
    entry.following.push(
      this.client.follow(kind, entry.path, (answer) => {
        if (this.stopped) return;
        // The end of a session is no answer: the following goes on in the next one.
        if (!answer.ok && answer.error.code === 'SESSION_EXPIRED') return;
        handler(answer);
        if (first) {
          first = false;
          entry.unread -= 1;
          this.unread -= 1;
        }
        this.lookIfReady();
      }),
    );
  }

  private readNode(entry: Entry, answer: Answer<Followed>): void {
    const before = entry.node;
    if (!answer.ok || answer.value.kind !== 'get') {
      this.forget(entry);
      return;
    }
    const { data, stat } = answer.value;
    const node = { path: entry.path, data, stat };
    if (before?.stat.czxid === stat.czxid && before.stat.mzxid === stat.mzxid) return;
    entry.node = node;
    this.handler({ type: before === undefined ? 'added' : 'changed', node });
  }

  private readChildren(entry: Entry, answer: Answer<Followed>): void {
    const listed = answer.ok && answer.value.kind === 'children' ? answer.value.children : [];
    const names = new Set(listed);
    for (const [name, child] of [...entry.children]) {
      if (names.has(name)) continue;
      entry.children.delete(name);
      this.drop(child);
    }
    const above = entry.path === '/' ? '' : entry.path;
    for (const name of names)
      if (!entry.children.has(name))
        entry.children.set(name, this.add(`${above}/${name}`, entry.depth + 1));
  }

  /** Children before their parent, as they were deleted. */
  private drop(entry: Entry): void {
    for (const child of entry.children.values()) this.drop(child);
    for (const each of entry.following) each.stop();
    this.entries.delete(entry.path);
    this.unread -= entry.unread;
    this.forget(entry);
  }

  private forget(entry: Entry): void {
    const { node } = entry;
    entry.node = undefined;
    if (node !== undefined) this.handler({ type: 'removed', node });
  }

  private lookIfReady(): void {
    if (this.isReady || this.unread > 0) return;
    this.isReady = true;
    this.handler({ type: 'ready' });
  }
}
