/**
 * Snapshots taken piece by piece while `apply` goes on.
 *
 * At the start only the nodes and sessions are listed. What changes before its turn has come is kept as it was (a
 * record of a few fields; data and ACLs are never changed in place), what is created later is left out, what is
 * deleted later is still there, since the list holds it.
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
import type { NodeRecord, Tree, Znode } from './tree.ts';

/** Marks what was created while a snapshot runs, or what it has seen; grows with each snapshot of this process. */
let lastMark = 0;

export class Snapshot implements SnapshotReader {
  readonly slot: SnapshotHead['slot'];
  private readonly tree: Tree;
  private readonly sessions: Sessions;
  private readonly chunkBytes: number;
  private readonly digest: string;
  private readonly mark: number;
  private readonly sessionList: readonly Session[];
  private readonly nodeList: readonly Znode[];
  private readonly sessionsBefore = new Map<Session, SessionImage>();
  private readonly nodesBefore = new Map<Znode, NodeRecord>();
  private readonly writer: ByteWriter;
  private sessionsDone = 0;
  private nodesDone = 0;
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
    this.nodeList = [...tree.nodes.values()];
    tree.snapshot = this.mark;
    tree.beforeChange = (node) => this.keepNode(node);
    sessions.snapshot = this.mark;
    sessions.beforeChange = (session) => this.keepSession(session);
    this.writer = new ByteWriter(chunkBytes);
    writeHead(this.writer, head);
  }

  next(): Uint8Array | undefined {
    while (this.state === 'records' && this.writer.length < this.chunkBytes) this.writeRecord();
    const count = Math.min(this.writer.length, this.chunkBytes);
    if (count === 0) {
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
    } else if (this.nodesDone < this.nodeList.length) {
      const node = this.nodeList[this.nodesDone++]!;
      writeNode(this.writer, this.nodesBefore.get(node) ?? node);
      this.nodesBefore.delete(node);
      node.snapshot = this.mark;
    } else {
      const { length: sessions } = this.sessionList;
      const { length: nodes } = this.nodeList;
      writeEnd(this.writer, { sessions, nodes, digest: this.digest });
      this.stopKeeping();
      this.state = 'rest';
    }
  }

  private keepNode(node: Znode): void {
    if (node.snapshot === this.mark) return;
    node.snapshot = this.mark;
    this.nodesBefore.set(node, recordOf(node));
  }

  private keepSession(session: Session): void {
    if (session.snapshot === this.mark) return;
    session.snapshot = this.mark;
    this.sessionsBefore.set(session, imageOf(session));
  }

  private stopKeeping(): void {
    this.tree.beforeChange = undefined;
    this.sessions.beforeChange = undefined;
    this.nodesBefore.clear();
    this.sessionsBefore.clear();
  }
}

function recordOf(node: NodeRecord): NodeRecord {
  const { path, data, acl, czxid, mzxid, pzxid, ctimeMs, mtimeMs } = node;
  const { version, aversion, creates, owner, container, ttlMs } = node;
  return {
    path,
    data,
    acl,
    czxid,
    mzxid,
    pzxid,
    ctimeMs,
    mtimeMs,
    version,
    aversion,
    creates,
    owner,
    container,
    ttlMs,
  };
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
