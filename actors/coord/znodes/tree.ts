/**
 * The znodes: path → node, each node with its parent and children, and the primitive changes.
 *
 * Nothing is checked here (writes.ts does): a change that must not happen is a fault of ours. While a journal is
 * open, every change notes how to undo it (multi.ts). Before a node changes or goes, a running snapshot is told.
 */
import { assert } from '../../../protocol/errors.ts';
import type { SessionId, Zxid } from '../../../protocol/ids.ts';
import { parentOf } from '../../../protocol/paths.ts';
import { type Acl, openAcl, readOnlyAcl } from './acl.ts';
import type { KnownTexts } from './bytes.ts';
import { NO_DATA } from './data.ts';
import { NO_NODE, NodeStore } from './node-store.ts';
import { NodeSum } from './node-sum.ts';
import { PathIndex } from './path-index.ts';
import { limitedBy } from './quotas.ts';
import { type NodeRecord, Znode } from './znode.ts';

export type { NodeRecord, Znode } from './znode.ts';

/** Told what happens to nodes, each time before it happens. */
export interface TreeObserver {
  changing(node: Znode): void;
  /** The node has no children; it may come back, when what removed it is undone. */
  removing(node: Znode): void;
}

export class Tree {
  private readonly store = new NodeStore();
  private readonly index = new PathIndex(this.store);
  /** Those of the nodes that there are. */
  readonly paths: KnownTexts = this.index;
  /** By the session that owns them, then by their numbers. */
  private readonly ephemerals = new Map<SessionId, Map<number, Znode>>();
  /** Containers and nodes that have a `ttlMs`, by their numbers. */
  private readonly passing = new Map<number, Znode>();
  /** Paths that have limits (quotas.ts). */
  readonly limited = new Set<string>();
  readonly sum = new NodeSum(this.store);
  /** Of the paths and data of all nodes. */
  byteLength = 0;
  observer: TreeObserver | undefined;
  /** Given to nodes that are created while a snapshot runs. */
  snapshot = 0;
  private journal: (() => void)[] | undefined;
  /** Nodes that were removed and may still be looked at, or come back. */
  private readonly removed = new Set<number>();
  /** The parent of the last node that was restored: the next one often has the same. */
  private restoring: { readonly path: string; readonly node: Znode } | undefined;

  /** The nodes that are always there, as in a new ZooKeeper. */
  static initial(): Tree {
    const tree = new Tree();
    for (const [path, acl] of systemNodes)
      assert(tree.restore({ ...emptyRecord, path, acl }), 'the first nodes are in order');
    return tree;
  }

  get size(): number {
    return this.index.size;
  }

  find(path: string): Znode | undefined {
    const number = this.index.get(path);
    return number === NO_NODE ? undefined : new Znode(this.store, number);
  }

  /** Of a session. */
  ephemeralsOf(session: SessionId): readonly Znode[] {
    return [...(this.ephemerals.get(session)?.values() ?? [])];
  }

  ephemeralCount(session: SessionId): number {
    return this.ephemerals.get(session)?.size ?? 0;
  }

  /** Containers and nodes with a time to live. */
  passingNodes(): Iterable<Znode> {
    return this.passing.values();
  }

  /**
   * Adds a node as it was, without changing counts. False when its parent is not there, or when it was there itself:
   * then the tree is of no use any more.
   */
  restore(record: NodeRecord): boolean {
    const { path } = record;
    const parent = path === '/' ? undefined : this.parentToRestore(path);
    if (path === '/' ? this.size > 0 : parent === undefined) return false;
    if (parent !== undefined) this.changing(parent);
    const node = Znode.from(record, parent, this.store);
    if (!this.index.add(path, node.number)) return false;
    this.attach(node, parent);
    return true;
  }

  private parentToRestore(path: string): Znode | undefined {
    const slash = path.lastIndexOf('/');
    const last = this.restoring;
    if (last !== undefined && slash === last.path.length && path.startsWith(last.path))
      return last.node;
    const parentPath = parentOf(path);
    const node = this.find(parentPath);
    this.restoring = node && { path: parentPath, node };
    return node;
  }

  create(parent: Znode, record: NodeRecord): Znode {
    this.releaseRemoved();
    const node = Znode.from(record, parent, this.store);
    node.snapshot = this.snapshot;
    const { pzxid, creates } = parent;
    this.changing(parent);
    parent.creates = creates + 1;
    parent.pzxid = record.czxid;
    this.enter(node);
    this.attach(node, parent);
    this.journal?.push(() => {
      this.changing(parent);
      parent.creates = creates;
      parent.pzxid = pzxid;
      this.detach(node);
    });
    return node;
  }

  remove(node: Znode, zxid: Zxid): void {
    this.releaseRemoved();
    const { parent } = node;
    assert(parent !== undefined && node.childCount === 0, `${node.path} cannot be removed`);
    const { pzxid } = parent;
    this.changing(parent);
    parent.pzxid = zxid;
    this.detach(node);
    this.journal?.push(() => {
      this.changing(parent);
      parent.pzxid = pzxid;
      this.enter(node);
      this.attach(node, parent);
    });
  }

  setData(node: Znode, data: Uint8Array, zxid: Zxid, wallMs: number): void {
    this.changing(node, data.length);
    if (this.journal !== undefined) {
      const { data: oldData, version, mzxid, mtimeMs } = node;
      this.journal.push(() => {
        this.changing(node, oldData.length);
        node.version = version;
        node.mzxid = mzxid;
        node.mtimeMs = mtimeMs;
        this.putData(node, oldData);
      });
    }
    node.version = nextVersion(node.version);
    node.mzxid = zxid;
    node.mtimeMs = wallMs;
    this.putData(node, data);
  }

  /** Without a new version, and nobody is told. */
  replaceData(node: Znode, data: Uint8Array): void {
    if (this.journal !== undefined) {
      const { data: oldData } = node;
      this.journal.push(() => this.replaceData(node, oldData));
    }
    this.changing(node, data.length);
    this.putData(node, data);
  }

  private putData(node: Znode, data: Uint8Array): void {
    this.byteLength += data.length - node.dataLength;
    node.setData(data);
  }

  setAcl(node: Znode, acl: Acl): void {
    this.changing(node);
    if (this.journal !== undefined) {
      const { acl: oldAcl, aversion } = node;
      this.journal.push(() => {
        this.changing(node);
        node.acl = oldAcl;
        node.aversion = aversion;
      });
    }
    node.acl = acl;
    node.aversion = nextVersion(node.aversion);
  }

  /** From here on changes can be undone, until `commit` or `rollBack`. */
  begin(): void {
    assert(this.journal === undefined, 'a journal is open already');
    this.journal = [];
  }

  commit(): void {
    this.journal = undefined;
  }

  rollBack(): void {
    const journal = this.journal;
    assert(journal !== undefined, 'no journal is open');
    this.journal = undefined;
    for (let undo = journal.pop(); undo !== undefined; undo = journal.pop()) undo();
  }

  /** The rows of removed nodes are used again once nobody looks at them any more, and nothing can be undone. */
  private releaseRemoved(): void {
    if (this.removed.size === 0 || this.journal !== undefined) return;
    for (const number of this.removed) this.store.give(number);
    this.removed.clear();
  }

  /** `bytes`: that its data will have, where they are replaced. */
  private changing(node: Znode, bytes?: number): void {
    this.observer?.changing(node);
    this.sum.changing(node, bytes);
  }

  private enter({ path, number }: Znode): void {
    assert(this.index.add(path, number), `${path} is there already`);
  }

  /** It is in the index; the parent, if any, is about to be changed. */
  private attach(node: Znode, parent: Znode | undefined): void {
    const { path, owner, number } = node;
    this.removed.delete(number);
    this.byteLength += path.length + node.dataLength;
    this.sum.add(node);
    if (parent !== undefined) node.attach();
    const limited = limitedBy(path);
    if (limited !== undefined) this.limited.add(limited);
    if (node.container || node.ttlMs > 0) this.passing.set(number, node);
    if (owner === '') return;
    const owned = this.ephemerals.get(owner);
    if (owned === undefined) this.ephemerals.set(owner, new Map([[number, node]]));
    else owned.set(number, node);
  }

  private detach(node: Znode): void {
    const { path, owner, number } = node;
    this.observer?.removing(node);
    this.index.delete(number);
    this.removed.add(number);
    this.byteLength -= path.length + node.dataLength;
    this.sum.remove(node);
    node.detach();
    const limited = limitedBy(path);
    if (limited !== undefined) this.limited.delete(limited);
    this.passing.delete(number);
    if (owner === '') return;
    const owned = this.ephemerals.get(owner)!;
    owned.delete(number);
    if (owned.size === 0) this.ephemerals.delete(owner);
  }
}

/** 32 bits, as ZooKeeper's; -1 is left out, since it means "any version" in requests. */
function nextVersion(version: number): number {
  const next = (version + 1) | 0;
  return next === -1 ? 0 : next;
}

const emptyRecord = {
  data: NO_DATA,
  czxid: 0 as Zxid,
  mzxid: 0 as Zxid,
  pzxid: 0 as Zxid,
  ctimeMs: 0,
  mtimeMs: 0,
  version: 0,
  aversion: 0,
  creates: 0,
  owner: '',
  container: false,
  ttlMs: 0,
} as const;

const systemNodes: readonly (readonly [string, Acl])[] = [
  ['/', openAcl],
  ['/zookeeper', openAcl],
  ['/zookeeper/quota', openAcl],
  // Only reconfiguration writes it.
  ['/zookeeper/config', readOnlyAcl],
];

const protectedPaths: ReadonlySet<string> = new Set(systemNodes.map(([path]) => path));

/** The nodes that are always there cannot be deleted. */
export function isProtected(path: string): boolean {
  return protectedPaths.has(path);
}
