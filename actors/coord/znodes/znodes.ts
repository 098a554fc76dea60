/**
 * The state machine of the coordination service: tree and sessions, changed by `apply` alone.
 *
 * An operation goes from its bytes (operation-codec.ts) to its session (sessions.ts), is found to be the next one, a
 * repeat or out of order (here), is carried out (writes.ts, multi.ts, session-operations.ts), and leaves a reply
 * (replies.ts) and events for the watches (watches.ts).
 */
import { assert, MesozooError } from '../../../protocol/errors.ts';
import type { SessionId, SessionIncarnation, Slot, Zxid } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import {
  type AclEntry,
  type Configuration,
  type Identity,
  type Operation,
  type OperationResult,
  permissions,
  type Stat,
  type TreeEvent,
  type WriteOperation,
} from '../../../protocol/operations.ts';
import { NO_PLANTED_BUGS, type PlantedBugs } from '../../planted.ts';
import { allows } from './acl.ts';
import { ByteReader } from './bytes.ts';
import { tellConfiguration } from './config-node.ts';
import { type Context, NO_EVENTS } from './context.ts';
import type {
  Applied,
  ApplyListener,
  ReadNode,
  SessionView,
  SnapshotReader,
  ZnodeState,
  ZnodeStateFactory,
} from './contract.ts';
import { hasher, hexOf } from './hash.ts';
import { writeMulti } from './multi.ts';
import { readEntryHead, readOperation } from './operation-codec.ts';
import { countBelow, readAcl, readChildren, readNode, stalePaths } from './reads.ts';
import { damaged, SnapshotRestore } from './restore.ts';
import { failure } from './result-codec.ts';
import { changeSession, samePassword } from './session-operations.ts';
import { type Session, Sessions } from './sessions.ts';
import { Snapshot } from './snapshot.ts';
import { Tree } from './tree.ts';
import { writeZnode } from './writes.ts';

/** Another one when something else is hashed, or otherwise: then digests of before say nothing about those of now. */
export const DIGEST_FORMAT = 1;

class Znodes implements ZnodeState {
  zxid: Zxid;
  slot: Slot;
  configuration: Configuration;
  private readonly tree: Tree;
  private readonly known: Sessions;
  private readonly planted: PlantedBugs;
  private running: Snapshot | undefined;

  constructor(
    start: {
      readonly slot: Slot;
      readonly zxid: Zxid;
      readonly configuration: Configuration;
      readonly tree: Tree;
      readonly sessions: Sessions;
    },
    planted: PlantedBugs,
  ) {
    this.slot = start.slot;
    this.zxid = start.zxid;
    this.configuration = start.configuration;
    this.tree = start.tree;
    this.known = start.sessions;
    this.planted = planted;
  }

  apply(slot: Slot, entry: Uint8Array): readonly Applied[] {
    const all: Applied[] = [];
    this.applyEach(slot, entry, { isAsked: () => true, applied: (one) => all.push(one) });
    return all;
  }

  applyEach(slot: Slot, entry: Uint8Array, listener: ApplyListener): void {
    this.advance(slot);
    const reader = new ByteReader(entry);
    if (!isEntry(reader)) return;
    reader.position = 0;
    const { wallMs, count } = readEntryHead(reader);
    for (let index = 0; index < count; index++) {
      reader.end = entry.length;
      const size = reader.varuint();
      const end = reader.position + size;
      reader.end = end;
      listener.applied(this.applyOperation(reader, wallMs, listener));
      reader.position = end;
    }
  }

  applyOther(slot: Slot, configuration?: Configuration): Applied | undefined {
    this.advance(slot);
    if (configuration === undefined) return undefined;
    const { members, observers } = configuration;
    this.configuration = { members, ...(observers !== undefined && { observers }) };
    const zxid = (this.zxid + 1) as Zxid;
    const events: TreeEvent[] = [];
    if (!tellConfiguration(this.tree, configuration, zxid, events)) return undefined;
    this.zxid = zxid;
    return { ...NOBODYS, zxid, result: { kind: 'checked' }, events };
  }

  private advance(slot: Slot): void {
    assert(slot === this.slot + 1, `slot ${slot} does not follow ${this.slot}`);
    this.slot = slot;
  }

  private applyOperation(reader: ByteReader, wallMs: number, listener: ApplyListener): Applied {
    const zxid = (this.zxid + 1) as Zxid;
    this.zxid = zxid;
    let operation: Operation;
    try {
      operation = readOperation(reader, this.tree.paths);
    } catch (error) {
      if (error instanceof MesozooError) return unreadableOperation(zxid, error);
      throw error;
    }
    const { body } = operation;
    switch (body.kind) {
      case 'openSession':
      case 'attachSession':
      case 'closeSession':
      case 'memberSession': {
        const where = { tree: this.tree, sessions: this.known, zxid, events: NO_EVENTS };
        const { result, repeat = false, ended } = changeSession(where, operation, body);
        return applied(operation, zxid, result, repeat, where.events, ended);
      }
      default:
        return this.applyWrite(operation, body, zxid, wallMs, listener);
    }
  }

  /** Exactly the number after the last one is carried out. */
  private applyWrite(
    operation: Operation,
    body: WriteOperation,
    zxid: Zxid,
    wallMs: number,
    listener: ApplyListener,
  ): Applied {
    const { number, identities } = operation;
    const session = this.known.find(operation.session);
    if (session === undefined) return applied(operation, zxid, failure('SESSION_EXPIRED'));
    if (operation.incarnation !== session.incarnation)
      return applied(operation, zxid, failure('SESSION_MOVED'));
    if (number < 1) return applied(operation, zxid, failure('BAD_REQUEST', 'writes begin at 1'));
    if (number <= session.number && !this.planted.has('repeat-applied'))
      return repeated(operation, session, zxid);
    if (number > session.number + 1 && !this.planted.has('sequence-gap-skipped'))
      return applied(operation, zxid, failure('SEQUENCE_GAP'));
    const context: Context = {
      tree: this.tree,
      zxid,
      wallMs,
      session,
      identities,
      isAsked: session.keepsReplies || listener.isAsked(operation.tag),
      events: NO_EVENTS,
    };
    const result =
      body.kind === 'multi' ? writeMulti(context, body.operations) : writeZnode(context, body);
    this.known.took(session, number, zxid, wallMs, result);
    return applied(operation, zxid, result, false, context.events);
  }

  get(path: string, identities: readonly Identity[]): ReadNode {
    return readNode(this.tree, path, identities);
  }

  exists(path: string): Stat | undefined {
    return this.tree.find(path)?.stat();
  }

  children(
    path: string,
    identities: readonly Identity[],
    after?: string,
    limit: number = limits.childrenPerPage,
  ): { readonly names: readonly string[]; readonly stat: Stat; readonly more: boolean } {
    return readChildren(this.tree, path, identities, after, limit);
  }

  acl(
    path: string,
    identities: readonly Identity[],
  ): { readonly acl: readonly AclEntry[]; readonly stat: Stat } {
    return readAcl(this.tree, path, identities);
  }

  session(id: SessionId): SessionView | undefined {
    const session = this.known.find(id);
    return session === undefined ? undefined : this.view(session);
  }

  isPassword(id: SessionId, password: Uint8Array): boolean {
    const session = this.known.find(id);
    return session !== undefined && !session.ofMember && samePassword(session.password, password);
  }

  *sessions(): Iterable<SessionView> {
    for (const session of this.known.all.values()) yield this.view(session);
  }

  get approximateBytes(): number {
    return this.tree.byteLength;
  }

  get nodeCount(): number {
    return this.tree.size;
  }

  ephemerals(session: SessionId): readonly string[] {
    return this.tree
      .ephemeralsOf(session)
      .map(({ path }) => path)
      .sort();
  }

  stale(wallMs: number, limit: number): readonly string[] {
    return stalePaths(this.tree, wallMs, limit);
  }

  descendantCount(path: string): number {
    return countBelow(this.tree, path);
  }

  mayRead(path: string, identities: readonly Identity[]): boolean {
    const node = this.tree.find(path);
    return node === undefined || allows(node.acl, permissions.read, identities);
  }

  digest(): string {
    const nodes = this.tree.sum.settled();
    const sessions = this.known.settledSum();
    hasher.begin(8);
    hasher.number(this.slot);
    hasher.number(this.zxid);
    hasher.number(this.tree.size);
    hasher.word(nodes.high);
    hasher.word(nodes.low);
    hasher.number(this.known.all.size);
    hasher.word(sessions.high);
    hasher.word(sessions.low);
    const { members, observers = [] } = this.configuration;
    for (const { id, disk, address } of members) {
      hasher.word(id);
      hasher.text(disk);
      // Not for those without, so that their hashes are those of before there were addresses.
      if (address !== undefined) hasher.text(address);
    }
    for (const { id, address = '' } of observers) {
      hasher.word(id);
      hasher.text('observer');
      hasher.text(address);
    }
    hasher.end();
    return hexOf(hasher.high, hasher.low);
  }

  snapshot(chunkBytes: number): SnapshotReader {
    assert(this.running === undefined, 'a snapshot is being taken already');
    const { slot, zxid, configuration } = this;
    const head = { slot, zxid, configuration };
    this.running = new Snapshot(head, this.digest(), this.tree, this.known, chunkBytes, () => {
      this.running = undefined;
    });
    return this.running;
  }

  private view(session: Session): SessionView {
    const { id, incarnation, holder, timeoutMs, number, clientNumbered, ofMember } = session;
    const ephemeralCount = this.tree.ephemeralCount(id);
    return {
      id,
      incarnation,
      holder,
      timeoutMs,
      number,
      clientNumbered,
      ephemeralCount,
      ofMember,
    };
  }
}

/** Of bytes that are no whole entry nothing is carried out. */
function isEntry(reader: ByteReader): boolean {
  try {
    const { count } = readEntryHead(reader);
    for (let index = 0; index < count; index++) reader.skip(reader.varuint());
    reader.finish();
    return true;
  } catch (error) {
    if (error instanceof MesozooError) return false;
    throw error;
  }
}

function applied(
  { session, incarnation, number, tag }: Operation,
  zxid: Zxid,
  result: OperationResult,
  repeat = false,
  events: readonly TreeEvent[] = NO_EVENTS,
  ended?: Applied['ended'],
): Applied {
  return { session, incarnation, number, tag, zxid, result, repeat, events, ended };
}

/** The reply that the write had then, with its zxid. */
function repeated(operation: Operation, session: Session, zxid: Zxid): Applied {
  const reply = session.replies.find(operation.number);
  return reply === undefined
    ? applied(operation, zxid, failure('REPLY_FORGOTTEN'), true)
    : applied(operation, reply.zxid, reply.result, true);
}

/** Nobody can be told, since not even the session is known. */
function unreadableOperation(zxid: Zxid, error: MesozooError): Applied {
  return { ...NOBODYS, zxid, result: { kind: 'error', error: error.toBody() }, events: NO_EVENTS };
}

/** Of what no session has asked for. */
const NOBODYS = {
  session: '' as SessionId,
  incarnation: 0 as SessionIncarnation,
  number: 0,
  tag: 0,
  repeat: false,
} as const;

export const znodeStates: ZnodeStateFactory = {
  empty: (configuration, planted = NO_PLANTED_BUGS) =>
    new Znodes(
      {
        slot: 0 as Slot,
        zxid: 0 as Zxid,
        configuration,
        tree: Tree.initial(),
        sessions: new Sessions(),
      },
      planted,
    ),
  restore: (chunks, planted) => {
    const restoration = znodeStates.restoring(planted);
    for (const chunk of chunks) restoration.take(chunk);
    return restoration.finish();
  },
  restoring: (planted = NO_PLANTED_BUGS) => {
    const restore = new SnapshotRestore();
    return {
      take: (chunk) => restore.take(chunk),
      finish() {
        const { head, tree, sessions, digest } = restore.finish();
        const state = new Znodes({ ...head, tree, sessions }, planted);
        if (state.digest() !== digest) throw damaged('its digest is another');
        sessions.forgetUnasked();
        return state;
      },
    };
  },
};
