/** Operations on sessions: opened, attached to a member, closed by the client or for their age. */
import type { SessionIncarnation } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Operation, OperationResult, SessionOperation } from '../../../protocol/operations.ts';
import type { Context } from './context.ts';
import type { Applied } from './contract.ts';
import { failure } from './result-codec.ts';
import { type Beginning, Session, type Sessions } from './sessions.ts';
import { removeNode } from './writes.ts';

const PASSWORD_BYTES = 16;
const TIMEOUT_MS_MAX = 86_400_000;
const MEMBER_MAX = 255;
/** Of a member's session, which never expires. */
const NO_TIMEOUT_MS = 0;
const NO_PASSWORD = new Uint8Array(0);

export interface SessionOutcome {
  readonly result: OperationResult;
  readonly repeat?: boolean;
  readonly ended?: Applied['ended'];
}

type Where = Pick<Context, 'tree' | 'zxid' | 'events'> & { readonly sessions: Sessions };

export function changeSession(
  where: Where,
  operation: Operation,
  body: SessionOperation,
): SessionOutcome {
  switch (body.kind) {
    case 'openSession':
      return open(where.sessions, operation, body);
    case 'attachSession':
      return attach(where.sessions, operation, body);
    case 'memberSession':
      return attachMember(where.sessions, operation, body);
    case 'closeSession':
      return close(where, operation, body);
    default:
      return body satisfies never;
  }
}

function open(
  sessions: Sessions,
  { session: id, tag }: Operation,
  body: Extract<SessionOperation, { kind: 'openSession' }>,
): SessionOutcome {
  const { password, timeoutMs, holder, clientNumbered } = body;
  if (password.length !== PASSWORD_BYTES) return refused('a session password has 16 bytes');
  if (!isTimeout(timeoutMs)) return refused('the timeout of the session is out of range');
  if (!isMember(holder)) return refused('the holder is no member');
  const existing = sessions.find(id);
  if (existing !== undefined) {
    const begun = existing.beginnings.find((beginning) => beginning.tag === tag);
    return begun !== undefined && samePassword(existing.password, password)
      ? repeated(existing, begun)
      : refused('there is a session of this id');
  }
  if (sessions.all.size >= limits.sessions) {
    return {
      result: failure('TOO_MANY_REQUESTS', `there are ${limits.sessions} sessions already`),
    };
  }
  const incarnation = 1 as SessionIncarnation;
  const session = new Session({
    id,
    password: password.slice(),
    clientNumbered,
    ofMember: false,
    holder,
    incarnation,
    timeoutMs,
    number: 0,
    beginnings: [{ tag, holder, incarnation, number: 0 }],
  });
  sessions.add(session);
  return { result: begunResult(session) };
}

/** An unknown session, a wrong password and a member's session all get the same answer. */
function attach(
  sessions: Sessions,
  { session: id, tag }: Operation,
  body: Extract<SessionOperation, { kind: 'attachSession' }>,
): SessionOutcome {
  const { password, timeoutMs, holder } = body;
  if (!isTimeout(timeoutMs)) return refused('the timeout of the session is out of range');
  if (!isMember(holder)) return refused('the holder is no member');
  const session = sessions.find(id);
  if (session === undefined || session.ofMember || !samePassword(session.password, password))
    return { result: failure('SESSION_EXPIRED') };
  return begin(sessions, session, { tag, holder, timeoutMs });
}

function attachMember(
  sessions: Sessions,
  { session: id, tag }: Operation,
  { holder }: Extract<SessionOperation, { kind: 'memberSession' }>,
): SessionOutcome {
  if (!isMember(holder)) return refused('the holder is no member');
  const existing = sessions.find(id);
  if (existing !== undefined) {
    if (!existing.ofMember || existing.holder !== holder)
      return refused('there is another session of this id');
    return begin(sessions, existing, { tag, holder, timeoutMs: NO_TIMEOUT_MS });
  }
  const incarnation = 1 as SessionIncarnation;
  const session = new Session({
    id,
    password: NO_PASSWORD,
    clientNumbered: false,
    ofMember: true,
    holder,
    incarnation,
    timeoutMs: NO_TIMEOUT_MS,
    number: 0,
    beginnings: [{ tag, holder, incarnation, number: 0 }],
  });
  sessions.add(session);
  return { result: begunResult(session) };
}

function begin(
  sessions: Sessions,
  session: Session,
  next: Pick<Beginning, 'tag' | 'holder'> & { readonly timeoutMs: number },
): SessionOutcome {
  const begun = session.beginnings.find(
    (beginning) => beginning.tag === next.tag && beginning.holder === next.holder,
  );
  if (begun !== undefined) return repeated(session, begun);
  const { incarnation } = session;
  sessions.attach(session, next.tag, next.holder, next.timeoutMs);
  return {
    result: begunResult(session),
    ended: { session: session.id, why: 'moved', incarnation },
  };
}

/** The operation reached the log twice. When the session has moved on since, its incarnation is over. */
function repeated(session: Session, begun: Beginning): SessionOutcome {
  const { incarnation, number } = begun;
  if (incarnation !== session.incarnation)
    return { result: failure('SESSION_MOVED'), repeat: true };
  return {
    result: { kind: 'session', incarnation, timeoutMs: session.timeoutMs, number },
    repeat: true,
  };
}

/** The ephemerals go with the session, in the order of their paths, all in one zxid. */
function close(
  where: Where,
  { session: id, incarnation }: Operation,
  { expired }: Extract<SessionOperation, { kind: 'closeSession' }>,
): SessionOutcome {
  const session = where.sessions.find(id);
  if (session === undefined) return { result: failure('SESSION_EXPIRED') };
  if (session.ofMember) return refused('the session of a member is never closed');
  if (session.incarnation !== incarnation) return { result: failure('SESSION_MOVED') };
  const owned = where.tree.ephemeralsOf(id).map((node) => ({ path: node.path, node }));
  owned.sort((one, other) => (one.path < other.path ? -1 : 1));
  for (const { node } of owned) removeNode(where, node);
  where.sessions.remove(session);
  return {
    result: { kind: 'closed' },
    ended: { session: id, why: expired ? 'expired' : 'closed', incarnation },
  };
}

function begunResult({ incarnation, timeoutMs, number }: Session): OperationResult {
  return { kind: 'session', incarnation, timeoutMs, number };
}

function refused(why: string): SessionOutcome {
  return { result: failure('BAD_REQUEST', why) };
}

function isTimeout(timeoutMs: number): boolean {
  return timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX;
}

function isMember(holder: number): boolean {
  return holder >= 1 && holder <= MEMBER_MAX;
}

export function samePassword(own: Uint8Array, given: Uint8Array): boolean {
  let difference = own.length ^ given.length;
  for (let index = 0; index < own.length; index++) difference |= own[index]! ^ (given[index] ?? 0);
  return difference === 0;
}
