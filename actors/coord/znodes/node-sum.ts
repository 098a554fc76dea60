/**
 * The sum of the hashes of all nodes, kept up when it is asked for: a node that is written to a hundred times between
 * two questions is hashed once.
 */
import { HashSum } from './hash.ts';
import { type NodeStore, narrow } from './node-store.ts';
import { Znode } from './znode.ts';

/** What a node's column `sum` says. */
const GONE = 0;
const WAITS = 1;
const IN_SUM = 2;

/** So much may wait: the hashing of it is to be no pause that anybody notices. */
const WAITING_NODES_MAX = 4096;
const WAITING_BYTES_MAX = 1024 * 1024;

export class NodeSum {
  private readonly store: NodeStore;
  private readonly sum = new HashSum();
  /** Numbers of nodes to be hashed. Some may have gone since, and their rows may be others' by now. */
  private waiting: number[] = [];
  private waitingBytes = 0;

  constructor(store: NodeStore) {
    this.store = store;
  }

  /** A new node, or one that comes back. */
  add(node: Znode): void {
    this.wait(node, node.dataLength);
  }

  /** Before the node is changed, its data to `bytes` of them where they are. No other node is half changed then. */
  changing(node: Znode, bytes = 0): void {
    if (this.waiting.length >= WAITING_NODES_MAX || this.waitingBytes >= WAITING_BYTES_MAX)
      this.settle();
    if (this.store.linked(node.number, narrow.sum) === IN_SUM) {
      this.sum.subtract(node.hashHigh, node.hashLow);
      this.wait(node, bytes);
    } else this.waitingBytes += bytes;
  }

  remove(node: Znode): void {
    if (this.store.linked(node.number, narrow.sum) === IN_SUM)
      this.sum.subtract(node.hashHigh, node.hashLow);
    this.store.link(node.number, narrow.sum, GONE);
  }

  /** Of all nodes as they are now. */
  settled(): HashSum {
    this.settle();
    return this.sum;
  }

  private wait({ number }: Znode, bytes: number): void {
    this.store.link(number, narrow.sum, WAITS);
    this.waiting.push(number);
    this.waitingBytes += bytes;
  }

  private settle(): void {
    const { store } = this;
    for (const number of this.waiting) {
      if (store.linked(number, narrow.sum) !== WAITS) continue;
      const node = new Znode(store, number);
      node.hash();
      this.sum.add(node.hashHigh, node.hashLow);
      store.link(number, narrow.sum, IN_SUM);
    }
    this.waiting = [];
    this.waitingBytes = 0;
  }
}
