/**
 * What is kept of every znode, in columns: numbers in typed arrays, outside of V8's heap, by the number of the node.
 *
 * An object for each of a million znodes would be a million for the collector to follow, in every member at the same
 * time. Numbers of nodes are used again; 0 is no node.
 */

import type { SessionId } from '../../../protocol/ids.ts';
import type { Acl } from './acl.ts';
import { openAcl } from './acl.ts';
import type { ChildNames } from './children.ts';
import { DataStore } from './data-store.ts';

export const NO_NODE = 0;

const PAGE_BITS = 10;
const PAGE_NODES = 1 << PAGE_BITS;

/** Whole numbers up to 2^53, and times. */
export const wide = {
  czxid: 0,
  mzxid: 1,
  pzxid: 2,
  ctimeMs: 3,
  mtimeMs: 4,
  creates: 5,
  ttlMs: 6,
} as const;
export const WIDE_COLUMNS = 7;

/** Whole numbers of 32 bits. */
export const narrow = {
  version: 0,
  aversion: 1,
  container: 2,
  dataReference: 3,
  dataLength: 4,
  parent: 5,
  childCount: 6,
  firstChild: 7,
  next: 8,
  previous: 9,
  snapshot: 10,
  pathHigh: 11,
  pathLow: 12,
  dataHigh: 13,
  dataLow: 14,
  hashHigh: 15,
  hashLow: 16,
  indexHash: 17,
  indexNext: 18,
  /** Whether `hashHigh` and `hashLow` are in the sum of all nodes (node-sum.ts). */
  sum: 19,
  /** 1: `dataHigh` and `dataLow` are of the present data. */
  dataHashed: 20,
} as const;
export const NARROW_COLUMNS = 21;

export class NodePage {
  readonly wide = new Float64Array(PAGE_NODES * WIDE_COLUMNS);
  readonly narrow = new Int32Array(PAGE_NODES * NARROW_COLUMNS);
  readonly paths = new Array<string>(PAGE_NODES).fill('');
  readonly acls = new Array<Acl>(PAGE_NODES).fill(openAcl);
}

export class NodeStore {
  readonly data = new DataStore();
  /** Of ephemeral nodes. */
  readonly owners = new Map<number, SessionId>();
  /** Of nodes whose children somebody has asked for. */
  readonly names = new Map<number, ChildNames>();
  private readonly pages: NodePage[] = [];
  private readonly free: number[] = [];
  private last = NO_NODE;

  page(number: number): NodePage {
    return this.pages[number >>> PAGE_BITS]!;
  }

  /** Where the row of a node stands in its page. */
  static row(number: number): number {
    return number & (PAGE_NODES - 1);
  }

  /** A number whose columns hold anything. */
  take(): number {
    const again = this.free.pop();
    if (again !== undefined) return again;
    this.last += 1;
    if (this.last >>> PAGE_BITS >= this.pages.length) this.pages.push(new NodePage());
    return this.last;
  }

  give(number: number): void {
    const page = this.page(number);
    const row = NodeStore.row(number);
    const at = row * NARROW_COLUMNS;
    this.data.give(page.narrow[at + narrow.dataReference]!, page.narrow[at + narrow.dataLength]!);
    page.paths[row] = '';
    page.acls[row] = openAcl;
    this.owners.delete(number);
    this.names.delete(number);
    this.free.push(number);
  }

  isAt(number: number, hash: number, path: string): boolean {
    const page = this.page(number);
    const row = NodeStore.row(number);
    const isHash = page.narrow[row * NARROW_COLUMNS + narrow.indexHash] === hash;
    return isHash && page.paths[row] === path;
  }

  pathOf(number: number): string {
    return this.page(number).paths[NodeStore.row(number)]!;
  }

  linked(number: number, column: number): number {
    return this.page(number).narrow[NodeStore.row(number) * NARROW_COLUMNS + column]!;
  }

  link(number: number, column: number, to: number): void {
    this.page(number).narrow[NodeStore.row(number) * NARROW_COLUMNS + column] = to;
  }
}
