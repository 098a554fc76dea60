/**
 * The znodes: path → node in one map, each node with its parent and children, and the primitive changes.
 *
 * Nothing is checked here (writes.ts does): a change that must not happen is a fault of ours. While a journal is
 * open, every change notes how to undo it (multi.ts). Before a node changes, a running snapshot is told.
 */
import { assert } from '../../../protocol/errors.ts';
import type { SessionId, Zxid } from '../../../protocol/ids.ts';
import type { Stat } from '../../../protocol/operations.ts';
import { parentOf } from '../../../protocol/paths.ts';
import { type Acl, openAcl, readOnlyAcl } from './acl.ts';
import { Children } from './children.ts';
import { hashData, type KeptData, NO_DATA } from './data.ts';
import { HashSum, hasher } from './hash.ts';
import { limitedBy } from './quotas.ts';

/** What is kept of a node, but for its place in the tree. */
export interface NodeRecord {
  readonly path: string;
  data: KeptData;
  acl: Acl;
  readonly czxid: Zxid;
  mzxid: Zxid;
  /** Of the last creation or deletion of a child. */
  pzxid: Zxid;
  readonly ctimeMs: number;
  mtimeMs: number;
  version: number;
  aversion: number;
  /** Children that were ever created: the next sequential child's number. */
  creates: number;
  readonly owner: SessionId | '';
  readonly container: boolean;
  /** 0: it has none. */
  readonly ttlMs: number;
}

export class Znode implements NodeRecord {
  readonly path: string;
  readonly parent: Znode | undefined;
  data: KeptData;
  acl: Acl;
  readonly czxid: Zxid;
  mzxid: Zxid;
  pzxid: Zxid;
  readonly ctimeMs: number;
  mtimeMs: number;
  version: number;
  aversion: number;
  creates: number;
  readonly owner: SessionId | '';
  readonly container: boolean;
  readonly ttlMs: number;
  children: Children<Znode> | undefined = undefined;
  /** The snapshot that has seen this node or need not see it (snapshot.ts). */
  snapshot = 0;
  // Hashes: of path and owner, of the data, and of the whole node as it stands in the tree's sum.
  readonly pathHigh: number;
  readonly pathLow: number;
  dataHigh = 0;
  dataLow = 0;
  hashHigh = 0;
  hashLow = 0;

  constructor(record: NodeRecord, parent: Znode | undefined) {
    this.path = record.path;
    this.parent = parent;
    this.data = record.data;
    this.acl = record.acl;
    this.czxid = record.czxid;
    this.mzxid = record.mzxid;
    this.pzxid = record.pzxid;
    this.ctimeMs = record.ctimeMs;
    this.mtimeMs = record.mtimeMs;
    this.version = record.version;
    this.aversion = record.aversion;
    this.creates = record.creates;
    this.owner = record.owner;
    this.container = record.container;
    this.ttlMs = record.ttlMs;
    hasher.begin(2);
    hasher.text(record.path);
    hasher.text(record.owner);
    // Not for the others, so that their hashes are those of before there were such nodes.
    if (record.container) hasher.word(1);
    if (record.ttlMs > 0) hasher.number(record.ttlMs);
    this.pathHigh = hasher.high;
    this.pathLow = hasher.low;
    this.hashData();
  }

  get childCount(): number {
    return this.children === undefined ? 0 : this.children.size;
  }

  stat(): Stat {
    const childCount = this.childCount;
    return {
      czxid: this.czxid,
      mzxid: this.mzxid,
      pzxid: this.pzxid,
      ctimeMs: this.ctimeMs,
      mtimeMs: this.mtimeMs,
      version: this.version,
      // Creations plus deletions of children, as ZooKeeper derives it (DataNode.copyStat).
      cversion: (2 * this.creates - childCount) | 0,
      aversion: this.aversion,
      ephemeralOwner: this.owner,
      dataLength: this.data.length,
      numChildren: childCount,
    };
  }

  /** Nobody needs it any more: it goes by itself. */
  isStale(wallMs: number): boolean {
    if (this.children !== undefined) return false;
    return this.container
      ? this.creates > 0
      : this.ttlMs > 0 && this.mtimeMs + this.ttlMs <= wallMs;
  }

  /** Of the children, in byte order. */
  names(): readonly string[] {
    return this.children === undefined ? NO_NAMES : this.children.names();
  }

  hashData(): void {
    hashData(this.data);
    this.dataHigh = hasher.high;
    this.dataLow = hasher.low;
  }

  hash(): void {
    hasher.begin(4);
    hasher.word(this.pathHigh);
    hasher.word(this.pathLow);
    hasher.word(this.dataHigh);
    hasher.word(this.dataLow);
    hasher.word(this.acl.hashHigh);
    hasher.word(this.acl.hashLow);
    hasher.number(this.czxid);
    hasher.number(this.mzxid);
    hasher.number(this.pzxid);
    hasher.number(this.ctimeMs);
    hasher.number(this.mtimeMs);
    hasher.word(this.version);
    hasher.word(this.aversion);
    hasher.word(this.creates);
    hasher.word(this.childCount);
    hasher.end();
    this.hashHigh = hasher.high;
    this.hashLow = hasher.low;
  }
}

const NO_NAMES: readonly string[] = Object.freeze([]);

export class Tree {
  readonly nodes = new Map<string, Znode>();
  readonly ephemerals = new Map<SessionId, Set<Znode>>();
  readonly containers = new Set<Znode>();
  /** Those that have a `ttlMs`. */
  readonly perishable = new Set<Znode>();
  /** Paths that have limits (quotas.ts). */
  readonly limited = new Set<string>();
  readonly sum = new HashSum();
  /** Of the paths and data of all nodes. */
  byteLength = 0;
  /** Told before a node changes for the first time since a snapshot began. */
  beforeChange: ((node: Znode) => void) | undefined;
  /** Given to nodes that are created while a snapshot runs. */
  snapshot = 0;
  private journal: (() => void)[] | undefined;

  /** The nodes that are always there, as in a new ZooKeeper. */
  static initial(): Tree {
    const tree = new Tree();
    for (const [path, acl] of systemNodes) tree.restore({ ...emptyRecord, path, acl });
    return tree;
  }

  find(path: string): Znode | undefined {
    return this.nodes.get(path);
  }

  canRestore(path: string): boolean {
    return path === '/' ? this.nodes.size === 0 : this.nodes.has(parentOf(path));
  }

  /** Adds a node as it was; the parent is there already and counts are not changed. */
  restore(record: NodeRecord): Znode {
    const { path } = record;
    const parent = path === '/' ? undefined : this.nodes.get(parentOf(path));
    const node = new Znode(record, parent);
    if (parent !== undefined) this.changing(parent);
    this.attach(node);
    return node;
  }

  create(parent: Znode, record: NodeRecord): Znode {
    const node = new Znode(record, parent);
    node.snapshot = this.snapshot;
    const { pzxid, creates } = parent;
    this.changing(parent);
    parent.creates = creates + 1;
    parent.pzxid = record.czxid;
    this.attach(node);
    this.journal?.push(() => {
      this.changing(parent);
      parent.creates = creates;
      parent.pzxid = pzxid;
      this.detach(node);
    });
    return node;
  }

  remove(node: Znode, zxid: Zxid): void {
    const parent = node.parent;
    assert(parent !== undefined && node.childCount === 0, `${node.path} cannot be removed`);
    const { pzxid } = parent;
    this.changing(parent);
    parent.pzxid = zxid;
    this.detach(node);
    this.journal?.push(() => {
      this.changing(parent);
      parent.pzxid = pzxid;
      this.attach(node);
    });
  }

  setData(node: Znode, data: KeptData, zxid: Zxid, wallMs: number): void {
    this.changing(node);
    if (this.journal !== undefined) {
      const { data: oldData, version, mzxid, mtimeMs } = node;
      this.journal.push(() => {
        this.changing(node);
        node.version = version;
        node.mzxid = mzxid;
        node.mtimeMs = mtimeMs;
        this.byteLength += oldData.length - node.data.length;
        node.data = oldData;
        node.hashData();
        this.changed(node);
      });
    }
    node.version = nextVersion(node.version);
    node.mzxid = zxid;
    node.mtimeMs = wallMs;
    this.byteLength += data.length - node.data.length;
    node.data = data;
    node.hashData();
    this.changed(node);
  }

  /** Without a new version, and nobody is told. */
  replaceData(node: Znode, data: KeptData): void {
    const { data: oldData } = node;
    this.journal?.push(() => this.replaceData(node, oldData));
    this.changing(node);
    this.byteLength += data.length - node.data.length;
    node.data = data;
    node.hashData();
    this.changed(node);
  }

  setAcl(node: Znode, acl: Acl): void {
    this.changing(node);
    if (this.journal !== undefined) {
      const { acl: oldAcl, aversion } = node;
      this.journal.push(() => {
        this.changing(node);
        node.acl = oldAcl;
        node.aversion = aversion;
        this.changed(node);
      });
    }
    node.acl = acl;
    node.aversion = nextVersion(node.aversion);
    this.changed(node);
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

  private changing(node: Znode): void {
    this.beforeChange?.(node);
    this.sum.subtract(node.hashHigh, node.hashLow);
  }

  private changed(node: Znode): void {
    node.hash();
    this.sum.add(node.hashHigh, node.hashLow);
  }

  /** The parent, if any, is being changed, or is complete but for this child (`restore`). */
  private attach(node: Znode): void {
    const { parent } = node;
    assert(!this.nodes.has(node.path), `${node.path} is there already`);
    this.nodes.set(node.path, node);
    this.byteLength += node.path.length + node.data.length;
    this.changed(node);
    if (parent !== undefined) {
      parent.children ??= new Children();
      parent.children.add(node);
      this.changed(parent);
    }
    const limited = limitedBy(node.path);
    if (limited !== undefined) this.limited.add(limited);
    if (node.container) this.containers.add(node);
    if (node.ttlMs > 0) this.perishable.add(node);
    if (node.owner === '') return;
    const owned = this.ephemerals.get(node.owner);
    if (owned === undefined) this.ephemerals.set(node.owner, new Set([node]));
    else owned.add(node);
  }

  private detach(node: Znode): void {
    const parent = node.parent!;
    this.nodes.delete(node.path);
    this.byteLength -= node.path.length + node.data.length;
    this.sum.subtract(node.hashHigh, node.hashLow);
    parent.children!.delete(node);
    if (parent.children!.size === 0) parent.children = undefined;
    this.changed(parent);
    const limited = limitedBy(node.path);
    if (limited !== undefined) this.limited.delete(limited);
    if (node.container) this.containers.delete(node);
    if (node.ttlMs > 0) this.perishable.delete(node);
    if (node.owner === '') return;
    const owned = this.ephemerals.get(node.owner)!;
    owned.delete(node);
    if (owned.size === 0) this.ephemerals.delete(node.owner);
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
