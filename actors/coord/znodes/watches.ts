/**
 * The one-shot watches of the sessions that one member holds.
 *
 * As in ZooKeeper, data and existence watches are one kind when they fire: set by a read of the data or by `exists`,
 * they tell of the node's creation, change and deletion. Child watches tell of children that come or go, and of the
 * node's own deletion.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { TreeEvent } from '../../../protocol/operations.ts';
import type { WatchTable } from './contract.ts';

/** Sessions by path, and the other way round so that a session can be removed. */
class Table {
  private readonly byPath = new Map<string, Set<SessionId>>();
  private readonly bySession = new Map<SessionId, Set<string>>();

  has(session: SessionId, path: string): boolean {
    return this.bySession.get(session)?.has(path) === true;
  }

  add(session: SessionId, path: string): void {
    put(this.byPath, path, session);
    put(this.bySession, session, path);
  }

  /** Takes the watches of a path out of the table. */
  take(path: string): ReadonlySet<SessionId> {
    const sessions = this.byPath.get(path);
    if (sessions === undefined) return NOBODY;
    this.byPath.delete(path);
    for (const session of sessions) drop(this.bySession, session, path);
    return sessions;
  }

  removeSession(session: SessionId): void {
    for (const path of this.bySession.get(session) ?? []) drop(this.byPath, path, session);
    this.bySession.delete(session);
  }

  count(session: SessionId): number {
    return this.bySession.get(session)?.size ?? 0;
  }
}

class Watches implements WatchTable {
  private readonly nodes = new Table();
  private readonly children = new Table();

  add(session: SessionId, kind: 'data' | 'exist' | 'child', path: string): void {
    const table = kind === 'child' ? this.children : this.nodes;
    if (table.has(session, path)) return;
    if (this.count(session) >= limits.watchesPerSession)
      throw new MesozooError(
        'TOO_MANY_REQUESTS',
        `a session has at most ${limits.watchesPerSession} watches`,
      );
    table.add(session, path);
  }

  fire(event: TreeEvent): readonly SessionId[] {
    switch (event.type) {
      case 'created':
      case 'dataChanged':
        return listed(this.nodes.take(event.path));
      case 'childrenChanged':
        return listed(this.children.take(event.path));
      case 'deleted': {
        const ofNode = this.nodes.take(event.path);
        const ofChildren = this.children.take(event.path);
        if (ofChildren === NOBODY) return listed(ofNode);
        if (ofNode === NOBODY) return listed(ofChildren);
        return [...new Set([...ofNode, ...ofChildren])];
      }
      default:
        return event.type satisfies never;
    }
  }

  removeSession(session: SessionId): void {
    this.nodes.removeSession(session);
    this.children.removeSession(session);
  }

  count(session: SessionId): number {
    return this.nodes.count(session) + this.children.count(session);
  }
}

const NOBODY: ReadonlySet<SessionId> = new Set();
const NO_SESSIONS: readonly SessionId[] = Object.freeze([]);

function listed(sessions: ReadonlySet<SessionId>): readonly SessionId[] {
  return sessions === NOBODY ? NO_SESSIONS : [...sessions];
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

/** `add` throws TOO_MANY_REQUESTS beyond `limits.watchesPerSession`. */
export function createWatchTable(): WatchTable {
  return new Watches();
}
