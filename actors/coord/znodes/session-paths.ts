/** Which sessions have something at which paths: sessions by path, and the other way round so that both can be asked. */
import type { SessionId } from '../../../protocol/ids.ts';

export class SessionPaths {
  /** Pairs of a session and a path. */
  size = 0;
  private readonly sessions = new Map<string, Set<SessionId>>();
  private readonly paths = new Map<SessionId, Set<string>>();

  has(session: SessionId, path: string): boolean {
    return this.paths.get(session)?.has(path) === true;
  }

  /** What is not there yet. */
  add(session: SessionId, path: string): void {
    put(this.sessions, path, session);
    put(this.paths, session, path);
    this.size += 1;
  }

  /** False when there was nothing. */
  remove(session: SessionId, path: string): boolean {
    if (!this.has(session, path)) return false;
    drop(this.sessions, path, session);
    drop(this.paths, session, path);
    this.size -= 1;
    return true;
  }

  of(path: string): ReadonlySet<SessionId> | undefined {
    return this.sessions.get(path);
  }

  /** Removes all of a path. */
  take(path: string): ReadonlySet<SessionId> | undefined {
    const sessions = this.sessions.get(path);
    if (sessions === undefined) return undefined;
    this.sessions.delete(path);
    for (const session of sessions) drop(this.paths, session, path);
    this.size -= sessions.size;
    return sessions;
  }

  removeSession(session: SessionId): void {
    const paths = this.paths.get(session);
    if (paths === undefined) return;
    for (const path of paths) drop(this.sessions, path, session);
    this.paths.delete(session);
    this.size -= paths.size;
  }

  count(session: SessionId): number {
    return this.paths.get(session)?.size ?? 0;
  }

  byPath(): Iterable<readonly [string, ReadonlySet<SessionId>]> {
    return this.sessions;
  }

  bySession(): Iterable<readonly [SessionId, ReadonlySet<string>]> {
    return this.paths;
  }
}

function put<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function drop<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values === undefined) return;
  values.delete(value);
  if (values.size === 0) map.delete(key);
}
