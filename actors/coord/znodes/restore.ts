/** Reads the chunks of a snapshot back. Anything that is not exactly a whole snapshot is LOG_DAMAGED. */
import { MesozooError } from '../../../protocol/errors.ts';
import { pathProblem } from '../../../protocol/paths.ts';
import { ByteReader } from './bytes.ts';
import { Session, Sessions } from './sessions.ts';
import {
  readRecord,
  type SessionImage,
  type SnapshotEnd,
  type SnapshotHead,
  type SnapshotRecord,
} from './snapshot-codec.ts';
import { isProtected, type NodeRecord, Tree } from './tree.ts';

export interface Restored {
  readonly head: SnapshotHead;
  readonly tree: Tree;
  readonly sessions: Sessions;
  /** What the digest of the state must be. */
  readonly digest: string;
}

/** Takes the chunks one after another. */
export class SnapshotRestore {
  private readonly tree = new Tree();
  private readonly sessions = new Sessions();
  private readonly cutter = new RecordCutter();
  private head: SnapshotHead | undefined;
  private end: SnapshotEnd | undefined;

  take(chunk: Uint8Array): void {
    for (const record of this.cutter.take(chunk)) this.add(record);
  }

  finish(): Restored {
    this.cutter.finish();
    const { tree, sessions, head, end } = this;
    if (head === undefined || end === undefined) throw damaged('it is not whole');
    if (end.nodes !== tree.size || end.sessions !== sessions.all.size)
      throw damaged('nodes or sessions are missing');
    return { head, tree, sessions, digest: end.digest };
  }

  private add(record: SnapshotRecord): void {
    if (this.end !== undefined) throw damaged('it goes on after its end');
    if ((this.head === undefined) !== (record.kind === 'head'))
      throw damaged('its head is not first');
    switch (record.kind) {
      case 'head':
        this.head = record.head;
        break;
      case 'session':
        restoreSession(this.sessions, record.session);
        break;
      case 'node':
        restoreNode(this.tree, this.sessions, record.node);
        break;
      case 'end':
        this.end = record.end;
        break;
      default:
        record satisfies never;
    }
  }
}

function restoreSession(sessions: Sessions, image: SessionImage): void {
  if (sessions.find(image.id) !== undefined) throw damaged('a session is there twice');
  const session = new Session(image);
  for (const [index, reply] of image.replies.entries())
    session.replies.put(image.firstReply + index, reply);
  sessions.add(session);
}

function restoreNode(tree: Tree, sessions: Sessions, record: NodeRecord): void {
  if (pathProblem(record.path) !== undefined) throw damaged('a path is not legal');
  if (
    record.owner !== '' &&
    (isProtected(record.path) || sessions.find(record.owner) === undefined)
  )
    throw damaged('an ephemeral node has no session');
  if ((record.container || record.ttlMs > 0) && (record.owner !== '' || isProtected(record.path)))
    throw damaged('a node goes in two ways');
  if (!tree.restore(record)) throw damaged('a node is there twice, or has no parent');
}

/** Of the length before a record: as many as a whole number takes. */
const LENGTH_BYTES_MAX = 8;

/** Records that lie across chunks are put together; a record within one chunk is read in place. */
class RecordCutter {
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  /** Of the record that has begun, with its length; 1 while even that is not known. */
  private wanted = 1;

  *take(chunk: Uint8Array): Generator<SnapshotRecord> {
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.waitingBytes < this.wanted) return;
    const bytes = this.waiting.length === 1 ? chunk : Buffer.concat(this.waiting);
    const reader = new ByteReader(bytes);
    let start = 0;
    for (;;) {
      const size = recordSize(reader, bytes, start);
      this.wanted = size ?? bytes.length - start + 1;
      if (size === undefined || start + size > bytes.length) break;
      yield decodeRecord(reader, start, start + size);
      start += size;
    }
    this.waiting = start < bytes.length ? [bytes.subarray(start)] : [];
    this.waitingBytes = bytes.length - start;
  }

  finish(): void {
    if (this.waitingBytes > 0) throw damaged('it ends within a record');
  }
}

/** Length and body together; undefined when not even the length is there. */
function recordSize(reader: ByteReader, bytes: Uint8Array, start: number): number | undefined {
  const longest = Math.min(bytes.length, start + LENGTH_BYTES_MAX);
  for (let index = start; index < longest; index++)
    if (bytes[index]! < 0x80) {
      reader.position = start;
      reader.end = index + 1;
      return index + 1 - start + guarded(() => reader.varuint());
    }
  if (bytes.length - start >= LENGTH_BYTES_MAX) throw damaged('a length is not readable');
  return undefined;
}

function decodeRecord(reader: ByteReader, start: number, end: number): SnapshotRecord {
  reader.position = start;
  reader.end = end;
  return guarded(() => {
    reader.varuint();
    return readRecord(reader);
  });
}

function guarded<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof MesozooError && cause.code === 'BAD_REQUEST')
      throw damaged('a record is not readable', cause);
    throw cause;
  }
}

export function damaged(why: string, cause?: unknown): MesozooError {
  return new MesozooError('LOG_DAMAGED', `the snapshot is damaged: ${why}`, { cause });
}
