/** One node of the tree, as a view of its row in the node store: made when it is looked up, and gone with who asked. */
import type { SessionId, Zxid } from '../../../protocol/ids.ts';
import type { Stat } from '../../../protocol/operations.ts';
import { CONFIG_PATH, nameOf } from '../../../protocol/paths.ts';
import type { Acl } from './acl.ts';
import { ChildNames } from './children.ts';
import { hasher } from './hash.ts';
import {
  NARROW_COLUMNS,
  NO_NODE,
  type NodePage,
  NodeStore,
  narrow,
  WIDE_COLUMNS,
  wide,
} from './node-store.ts';

/** What is kept of a node, but for its place in the tree. */
export interface NodeRecord {
  readonly path: string;
  readonly data: Uint8Array;
  readonly acl: Acl;
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  /** Of the last creation or deletion of a child. */
  readonly pzxid: Zxid;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly aversion: number;
  /** Children that were ever created: the next sequential child's number. */
  readonly creates: number;
  readonly owner: SessionId | '';
  readonly container: boolean;
  /** 0: it has none. */
  readonly ttlMs: number;
}

/** Of use until something else is created or removed after it was removed itself. */
export class Znode implements NodeRecord {
  readonly number: number;
  private readonly store: NodeStore;
  private readonly page: NodePage;
  private readonly row: number;
  private readonly wideAt: number;
  private readonly narrowAt: number;

  constructor(store: NodeStore, number: number) {
    this.store = store;
    this.number = number;
    this.page = store.page(number);
    this.row = NodeStore.row(number);
    this.wideAt = this.row * WIDE_COLUMNS;
    this.narrowAt = this.row * NARROW_COLUMNS;
  }

  /** A row of its own for a node that is nowhere in the tree yet. */
  static from(record: NodeRecord, parent: Znode | undefined, store: NodeStore): Znode {
    const node = new Znode(store, store.take());
    const { page, row, wideAt, narrowAt } = node;
    page.paths[row] = record.path;
    page.acls[row] = record.acl;
    const wideRow = page.wide;
    wideRow[wideAt + wide.czxid] = record.czxid;
    wideRow[wideAt + wide.mzxid] = record.mzxid;
    wideRow[wideAt + wide.pzxid] = record.pzxid;
    wideRow[wideAt + wide.ctimeMs] = record.ctimeMs;
    wideRow[wideAt + wide.mtimeMs] = record.mtimeMs;
    wideRow[wideAt + wide.creates] = record.creates;
    wideRow[wideAt + wide.ttlMs] = record.ttlMs;
    page.narrow.fill(0, narrowAt, narrowAt + NARROW_COLUMNS);
    node.setNarrow(narrow.version, record.version);
    node.setNarrow(narrow.aversion, record.aversion);
    node.setNarrow(narrow.container, record.container ? 1 : 0);
    node.setNarrow(narrow.parent, parent?.number ?? NO_NODE);
    if (record.owner !== '') store.owners.set(node.number, record.owner);
    hasher.begin(2);
    hasher.text(record.path);
    hasher.text(record.owner);
    // Not for the others, so that their hashes are those of before there were such nodes.
    if (record.container) hasher.word(1);
    if (record.ttlMs > 0) hasher.number(record.ttlMs);
    node.setNarrow(narrow.pathHigh, hasher.high);
    node.setNarrow(narrow.pathLow, hasher.low);
    node.setData(record.data);
    return node;
  }

  get path(): string {
    return this.page.paths[this.row]!;
  }
  get acl(): Acl {
    return this.page.acls[this.row]!;
  }
  get czxid(): Zxid {
    return this.wide(wide.czxid) as Zxid;
  }
  get mzxid(): Zxid {
    return this.wide(wide.mzxid) as Zxid;
  }
  get pzxid(): Zxid {
    return this.wide(wide.pzxid) as Zxid;
  }
  get ctimeMs(): number {
    return this.wide(wide.ctimeMs);
  }
  get mtimeMs(): number {
    return this.wide(wide.mtimeMs);
  }
  get creates(): number {
    return this.wide(wide.creates);
  }
  get ttlMs(): number {
    return this.wide(wide.ttlMs);
  }
  get version(): number {
    return this.narrow(narrow.version);
  }
  get aversion(): number {
    return this.narrow(narrow.aversion);
  }
  get container(): boolean {
    return this.narrow(narrow.container) === 1;
  }
  get owner(): SessionId | '' {
    return this.store.owners.get(this.number) ?? '';
  }
  get childCount(): number {
    return this.narrow(narrow.childCount);
  }
  get dataLength(): number {
    return this.narrow(narrow.dataLength);
  }
  /** A copy. */
  get data(): Uint8Array {
    return this.store.data.get(this.narrow(narrow.dataReference), this.dataLength);
  }
  get parent(): Znode | undefined {
    return this.linked(narrow.parent);
  }
  get nextSibling(): Znode | undefined {
    return this.linked(narrow.next);
  }
  get firstChild(): Znode | undefined {
    return this.linked(narrow.firstChild);
  }
  get hashHigh(): number {
    return this.narrow(narrow.hashHigh);
  }
  get hashLow(): number {
    return this.narrow(narrow.hashLow);
  }
  /** The snapshot that has seen this node or need not see it (snapshot.ts). */
  get snapshot(): number {
    return this.narrow(narrow.snapshot);
  }

  set snapshot(mark: number) {
    this.setNarrow(narrow.snapshot, mark);
  }
  set acl(acl: Acl) {
    this.page.acls[this.row] = acl;
  }
  set mzxid(zxid: Zxid) {
    this.page.wide[this.wideAt + wide.mzxid] = zxid;
  }
  set pzxid(zxid: Zxid) {
    this.page.wide[this.wideAt + wide.pzxid] = zxid;
  }
  set mtimeMs(wallMs: number) {
    this.page.wide[this.wideAt + wide.mtimeMs] = wallMs;
  }
  set creates(count: number) {
    this.page.wide[this.wideAt + wide.creates] = count;
  }
  set version(version: number) {
    this.setNarrow(narrow.version, version);
  }
  set aversion(version: number) {
    this.setNarrow(narrow.aversion, version);
  }

  setData(data: Uint8Array): void {
    const { store } = this;
    store.data.give(this.narrow(narrow.dataReference), this.dataLength);
    const reference = store.data.put(data);
    this.setNarrow(narrow.dataReference, reference);
    this.setNarrow(narrow.dataLength, data.length);
    this.setNarrow(narrow.dataHashed, 0);
  }

  stat(): Stat {
    const childCount = this.childCount;
    const { czxid } = this;
    // ZooKeeper does not count what becomes of this one. The tree does, and that stays so: it is hashed, and on disks.
    const isUncounted = czxid === 0 && this.path === CONFIG_PATH;
    return {
      czxid,
      mzxid: this.mzxid,
      pzxid: this.pzxid,
      ctimeMs: this.ctimeMs,
      mtimeMs: this.mtimeMs,
      version: isUncounted ? -1 : this.version,
      // Creations plus deletions of children, as ZooKeeper derives it (DataNode.copyStat).
      cversion: (2 * this.creates - childCount) | 0,
      aversion: isUncounted ? this.aversion - 1 : this.aversion,
      ephemeralOwner: this.owner,
      dataLength: this.dataLength,
      numChildren: childCount,
    };
  }

  /** Nobody needs it any more: it goes by itself. */
  isStale(wallMs: number): boolean {
    if (this.childCount > 0) return false;
    return this.container
      ? this.creates > 0
      : this.ttlMs > 0 && this.mtimeMs + this.ttlMs <= wallMs;
  }

  /** In no order that matters. */
  *children(): Generator<Znode> {
    for (let child = this.firstChild; child !== undefined; child = child.nextSibling) yield child;
  }

  /** Of the children, in byte order. Never written to. */
  names(): readonly string[] {
    if (this.childCount === 0) return NO_NAMES;
    let names = this.store.names.get(this.number);
    if (names === undefined) {
      names = new ChildNames();
      this.store.names.set(this.number, names);
    }
    return names.inOrder(() => Array.from(this.children(), ({ path }) => nameOf(path)));
  }

  /** Among its parent's children, as the first. */
  attach(): void {
    const { store, number } = this;
    const parent = this.narrow(narrow.parent);
    if (parent === NO_NODE) return;
    const first = store.linked(parent, narrow.firstChild);
    this.setNarrow(narrow.next, first);
    this.setNarrow(narrow.previous, NO_NODE);
    if (first !== NO_NODE) store.link(first, narrow.previous, number);
    store.link(parent, narrow.firstChild, number);
    store.link(parent, narrow.childCount, store.linked(parent, narrow.childCount) + 1);
    store.names.get(parent)?.note(nameOf(this.path), true);
  }

  /** It still knows its parent. */
  detach(): void {
    const { store } = this;
    const [parent, next, previous] = [narrow.parent, narrow.next, narrow.previous].map((column) =>
      this.narrow(column),
    ) as [number, number, number];
    if (next !== NO_NODE) store.link(next, narrow.previous, previous);
    if (previous !== NO_NODE) store.link(previous, narrow.next, next);
    else store.link(parent, narrow.firstChild, next);
    store.link(parent, narrow.childCount, store.linked(parent, narrow.childCount) - 1);
    store.names.get(parent)?.note(nameOf(this.path), false);
  }

  /** Of the whole node as it stands: the tree sums these up. */
  hash(): void {
    const { acl } = this;
    if (this.narrow(narrow.dataHashed) === 0) this.hashData();
    hasher.begin(4);
    hasher.word(this.narrow(narrow.pathHigh));
    hasher.word(this.narrow(narrow.pathLow));
    hasher.word(this.narrow(narrow.dataHigh));
    hasher.word(this.narrow(narrow.dataLow));
    hasher.word(acl.hashHigh);
    hasher.word(acl.hashLow);
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
    this.setNarrow(narrow.hashHigh, hasher.high);
    this.setNarrow(narrow.hashLow, hasher.low);
  }

  private hashData(): void {
    this.store.data.hash(this.narrow(narrow.dataReference), this.dataLength);
    this.setNarrow(narrow.dataHigh, hasher.high);
    this.setNarrow(narrow.dataLow, hasher.low);
    this.setNarrow(narrow.dataHashed, 1);
  }

  /** A copy that later changes do not reach. */
  record(): NodeRecord {
    const { path, data, acl, czxid, mzxid, pzxid, ctimeMs, mtimeMs } = this;
    const { version, aversion, creates, owner, container, ttlMs } = this;
    return {
      ...{ path, data, acl, czxid, mzxid, pzxid, ctimeMs, mtimeMs },
      ...{ version, aversion, creates, owner, container, ttlMs },
    };
  }

  private wide(column: number): number {
    return this.page.wide[this.wideAt + column]!;
  }

  private narrow(column: number): number {
    return this.page.narrow[this.narrowAt + column]!;
  }

  private setNarrow(column: number, value: number): void {
    this.page.narrow[this.narrowAt + column] = value;
  }

  private linked(column: number): Znode | undefined {
    const number = this.narrow(column);
    return number === NO_NODE ? undefined : new Znode(this.store, number);
  }
}

const NO_NAMES: readonly string[] = Object.freeze([]);
