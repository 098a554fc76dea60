/**
 * Snapshots taken piece by piece while `apply` goes on.
 *
 * The tree is walked, parents first, while it changes. What changes before its turn has come is kept as it was, what
 * is created later is left out, and what is removed before its turn is kept for the end. So nothing need be listed at
 * the start, and a snapshot costs memory only for what changes while it is taken.
 */
import { assert } from '../../../protocol/errors.ts';
import { ByteWriter } from './bytes.ts';
import type { SnapshotReader } from './contract.ts';
import type { Session, Sessions } from './sessions.ts';
import {
  type SessionImage,
  type SnapshotHead,
  writeEnd,
  writeHead,
  writeNode,
  writeSession,
} from './snapshot-codec.ts';
import type { NodeRecord, Tree, TreeObserver, Znode } from './tree.ts';

/** Marks what was created while a snapshot runs, or what it has seen; grows with each snapshot of this process. */
let lastMark = 0;

/** Nodes and sessions that one chunk looks at: many may be new, and are only passed over. */
const LOOKS_MAX = 10_000;

export class Snapshot implements SnapshotReader, TreeObserver {
  readonly slot: SnapshotHead['slot'];
  private readonly tree: Tree;
  private readonly sessions: Sessions;
  private readonly chunkBytes: number;
  private readonly digest: string;
  private readonly mark: number;
  private readonly sessionList: readonly Session[];
  private readonly sessionsBefore = new Map<Session, SessionImage>();
  /** Nodes that have changed and have not been written, by their numbers. */
  private readonly nodesBefore = new Map<number, NodeRecord>();
  /** Nodes that were removed and have not been written: children before their parents, since so they went. */
  private readonly nodesRemoved: NodeRecord[] = [];
  private readonly writer: ByteWriter;
  private sessionsDone = 0;
  /** The next one that the walk comes to. */
  private nextNode: Znode | undefined;
  private readonly nodeCount: number;
  private state: 'records' | 'rest' | 'ended' = 'records';
  private readonly ended: () => void;

  constructor(
    head: SnapshotHead,
    digest: string,
    tree: Tree,
    sessions: Sessions,
    chunkBytes: number,
    ended: () => void,
  ) {
    assert(chunkBytes >= 1, 'chunks need at least one byte');
    this.slot = head.slot;
    this.digest = digest;
    this.tree = tree;
    this.sessions = sessions;
    this.chunkBytes = chunkBytes;
    this.ended = ended;
    lastMark += 1;
    this.mark = lastMark;
    this.sessionList = [...sessions.all.values()];
    this.nodeCount = tree.size;
    this.nextNode = tree.find('/');
    tree.snapshot = this.mark;
    tree.observer = this;
    sessions.snapshot = this.mark;
    sessions.beforeChange = (session) => this.keepSession(session);
    this.writer = new ByteWriter(chunkBytes);
    writeHead(this.writer, head);
  }

  next(): Uint8Array | undefined {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      if (this.state !== 'records' || this.writer.length >= this.chunkBytes) break;
      this.writeRecord();
    }
    const count = Math.min(this.writer.length, this.chunkBytes);
    if (count === 0 && this.state !== 'records') {
      this.cancel();
      return undefined;
    }
    const chunk = this.writer.copy(0, count);
    this.writer.drop(count);
    return chunk;
  }

  cancel(): void {
    if (this.state === 'ended') return;
    this.stopKeeping();
    this.state = 'ended';
    this.writer.clear();
    this.ended();
  }

  private writeRecord(): void {
    if (this.sessionsDone < this.sessionList.length) {
      const session = this.sessionList[this.sessionsDone++]!;
      writeSession(this.writer, this.sessionsBefore.get(session) ?? imageOf(session));
      this.sessionsBefore.delete(session);
      session.snapshot = this.mark;
    } else if (this.nextNode !== undefined) {
      const node = this.nextNode;
      this.nextNode = successor(node);
      this.writeNode(node);
    } else {
      const removed = this.nodesRemoved.pop();
      if (removed !== undefined) writeNode(this.writer, removed);
      else this.writeEnd();
    }
  }

  private writeNode(node: Znode): void {
    if (node.snapshot !== this.mark) {
      writeNode(this.writer, node);
      node.snapshot = this.mark;
      return;
    }
    const before = this.nodesBefore.get(node.number);
    // It was created since, or removed and put back: then it is among the removed ones.
    if (before === undefined) return;
    writeNode(this.writer, before);
    this.nodesBefore.delete(node.number);
  }

  private writeEnd(): void {
    const { length: sessions } = this.sessionList;
    writeEnd(this.writer, { sessions, nodes: this.nodeCount, digest: this.digest });
    this.stopKeeping();
    this.state = 'rest';
  }

  changing(node: Znode): void {
    if (node.snapshot === this.mark) return;
    node.snapshot = this.mark;
    this.nodesBefore.set(node.number, node.record());
  }

  removing(node: Znode): void {
    // A leaf: the walk goes on behind it.
    if (this.nextNode?.number === node.number) this.nextNode = successor(node);
    const before = this.nodesBefore.get(node.number);
    if (before !== undefined) {
      this.nodesBefore.delete(node.number);
      this.nodesRemoved.push(before);
    } else if (node.snapshot !== this.mark) {
      node.snapshot = this.mark;
      this.nodesRemoved.push(node.record());
    }
  }

  private keepSession(session: Session): void {
    if (session.snapshot === this.mark) return;
    session.snapshot = this.mark;
    this.sessionsBefore.set(session, imageOf(session));
  }

  private stopKeeping(): void {
    this.tree.observer = undefined;
    this.sessions.beforeChange = undefined;
    this.nodesBefore.clear();
    this.nodesRemoved.length = 0;
    this.nextNode = undefined;
    this.sessionsBefore.clear();
  }
}

/** In the order of a walk that comes to parents before their children. */
function successor(node: Znode): Znode | undefined {
  const child = node.firstChild;
  if (child !== undefined) return child;
  for (let at: Znode | undefined = node; at !== undefined; at = at.parent) {
    const sibling = at.nextSibling;
    if (sibling !== undefined) return sibling;
  }
  return undefined;
}

function imageOf(session: Session): SessionImage {
  const { id, password, clientNumbered, ofMember, holder, incarnation, timeoutMs } = session;
  const { number, beginnings, replies } = session;
  return {
    id,
    password,
    clientNumbered,
    ofMember,
    holder,
    incarnation,
    timeoutMs,
    number,
    beginnings,
    firstReply: replies.first,
    replies: replies.all(),
  };
}
