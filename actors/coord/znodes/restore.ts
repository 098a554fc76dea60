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

export function restoreSnapshot(chunks: Iterable<Uint8Array>): Restored {
  const tree = new Tree();
  const sessions = new Sessions();
  let head: SnapshotHead | undefined;
  let end: SnapshotEnd | undefined;
  for (const record of recordsOf(chunks)) {
    if (end !== undefined) throw damaged('it goes on after its end');
    if ((head === undefined) !== (record.kind === 'head')) throw damaged('its head is not first');
    switch (record.kind) {
      case 'head':
        head = record.head;
        break;
      case 'session':
        restoreSession(sessions, record.session);
        break;
      case 'node':
        restoreNode(tree, sessions, record.node);
        break;
      case 'end':
        end = record.end;
        break;
      default:
        record satisfies never;
    }
  }
  if (head === undefined || end === undefined) throw damaged('it is not whole');
  if (end.nodes !== tree.nodes.size || end.sessions !== sessions.all.size)
    throw damaged('nodes or sessions are missing');
  return { head, tree, sessions, digest: end.digest };
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
  if (tree.find(record.path) !== undefined) throw damaged('a node is there twice');
  if (!tree.canRestore(record.path)) throw damaged('a node has no parent');
  if (
    record.owner !== '' &&
    (isProtected(record.path) || sessions.find(record.owner) === undefined)
  )
    throw damaged('an ephemeral node has no session');
  if ((record.container || record.ttlMs > 0) && (record.owner !== '' || isProtected(record.path)))
    throw damaged('a node goes in two ways');
  tree.restore(record);
}

/** Of the length before a record: as many as a whole number takes. */
const LENGTH_BYTES_MAX = 8;

/** Records that lie across chunks are put together; a record within one chunk is read in place. */
function* recordsOf(chunks: Iterable<Uint8Array>): Generator<SnapshotRecord> {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  /** Of the record that has begun, with its length; 1 while even that is not known. */
  let wanted = 1;
  for (const chunk of chunks) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < wanted) continue;
    const bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    const reader = new ByteReader(bytes);
    let start = 0;
    for (;;) {
      const size = recordSize(reader, bytes, start);
      wanted = size ?? bytes.length - start + 1;
      if (size === undefined || start + size > bytes.length) break;
      yield decodeRecord(reader, start, start + size);
      start += size;
    }
    waiting = start < bytes.length ? [bytes.subarray(start)] : [];
    waitingBytes = bytes.length - start;
  }
  if (waitingBytes > 0) throw damaged('it ends within a record');
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
