/**
 * Path → number of the node: buckets in typed arrays, the nodes of one bucket linked by a column of the node store.
 *
 * Many small tables instead of one, since a table that has become too small is replaced in one step. A map of V8 would
 * be copied likewise, takes several times the memory, and is gone through by the collector.
 */
import { NO_NODE, type NodeStore, narrow } from './node-store.ts';

const TABLE_BITS = 8;
const TABLES = 1 << TABLE_BITS;
const BUCKETS_FIRST = 4;

export class PathIndex {
  private readonly store: NodeStore;
  private readonly tables = Array.from({ length: TABLES }, () => new Int32Array(BUCKETS_FIRST));
  private readonly counts = new Int32Array(TABLES);
  private count = 0;
  /** Of the last node that was found by its bytes; '' is no path. */
  private lastPath = '';
  private lastNumber = NO_NODE;

  constructor(store: NodeStore) {
    this.store = store;
  }

  get size(): number {
    return this.count;
  }

  /** NO_NODE: there is none. */
  get(path: string): number {
    if (path === this.lastPath) return this.lastNumber;
    return this.find(path, hashOf(path));
  }

  /** Of a node that is there: it is the next to be asked for. */
  textOf(bytes: Uint8Array, start: number, length: number): string | undefined {
    const hash = hashOfBytes(bytes, start, length);
    if (hash === undefined) return undefined;
    const { store } = this;
    const table = this.tableOf(hash);
    let number = table[bucketOf(hash, table)]!;
    for (; number !== NO_NODE; number = store.linked(number, narrow.indexNext)) {
      if (store.linked(number, narrow.indexHash) !== hash) continue;
      const path = store.pathOf(number);
      if (!isText(path, bytes, start, length)) continue;
      this.lastPath = path;
      this.lastNumber = number;
      return path;
    }
    return undefined;
  }

  /** False, and nothing has changed, when the path is there already. */
  add(path: string, number: number): boolean {
    const { store } = this;
    const hash = hashOf(path);
    if (this.find(path, hash) !== NO_NODE) return false;
    this.makeRoom(hash & (TABLES - 1));
    const table = this.tableOf(hash);
    const bucket = bucketOf(hash, table);
    store.link(number, narrow.indexHash, hash);
    store.link(number, narrow.indexNext, table[bucket]!);
    table[bucket] = number;
    this.counts[hash & (TABLES - 1)]! += 1;
    this.count += 1;
    return true;
  }

  /** The path must be there. */
  delete(number: number): void {
    const { store } = this;
    if (number === this.lastNumber) this.forgetLast();
    const hash = store.linked(number, narrow.indexHash);
    const table = this.tableOf(hash);
    const bucket = bucketOf(hash, table);
    const next = store.linked(number, narrow.indexNext);
    if (table[bucket] === number) table[bucket] = next;
    else {
      let before = table[bucket]!;
      for (let at = before; at !== number; at = store.linked(at, narrow.indexNext)) before = at;
      store.link(before, narrow.indexNext, next);
    }
    this.counts[hash & (TABLES - 1)]! -= 1;
    this.count -= 1;
  }

  private forgetLast(): void {
    this.lastPath = '';
    this.lastNumber = NO_NODE;
  }

  private find(path: string, hash: number): number {
    const { store } = this;
    const table = this.tableOf(hash);
    let number = table[bucketOf(hash, table)]!;
    while (number !== NO_NODE && !store.isAt(number, hash, path))
      number = store.linked(number, narrow.indexNext);
    return number;
  }

  private tableOf(hash: number): Int32Array {
    return this.tables[hash & (TABLES - 1)]!;
  }

  private makeRoom(at: number): void {
    const table = this.tables[at]!;
    if (this.counts[at]! < table.length) return;
    const { store } = this;
    const larger = new Int32Array(table.length * 2);
    for (let number of table)
      while (number !== NO_NODE) {
        const next = store.linked(number, narrow.indexNext);
        const bucket = bucketOf(store.linked(number, narrow.indexHash), larger);
        store.link(number, narrow.indexNext, larger[bucket]!);
        larger[bucket] = number;
        number = next;
      }
    this.tables[at] = larger;
  }
}

/** The lowest bits have chosen the table. */
function bucketOf(hash: number, table: Int32Array): number {
  return (hash >>> TABLE_BITS) & (table.length - 1);
}

function hashOf(path: string): number {
  const { length } = path;
  let hash = length;
  for (let at = 0; at < length; at++) hash = mix(hash, path.charCodeAt(at));
  return spread(hash);
}

/** As `hashOf` of their text; undefined when some stand for a character together. */
function hashOfBytes(bytes: Uint8Array, start: number, length: number): number | undefined {
  let hash = length;
  for (let at = start; at < start + length; at++) {
    const code = bytes[at]!;
    if (code >= 0x80) return undefined;
    hash = mix(hash, code);
  }
  return spread(hash);
}

function mix(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x5bd1e995);
}

function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

function isText(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let at = 0; at < length; at++) if (text.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}
