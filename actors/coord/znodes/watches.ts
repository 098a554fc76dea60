/**
 * The watches of the sessions that one member holds.
 *
 * As in ZooKeeper, data and existence watches are one kind when they fire: set by a read of the data or by `exists`,
 * they tell of the node's creation, change and deletion. Child watches tell of children that come or go, and of the
 * node's own deletion. Both are gone when they have fired. Persistent watches tell of all of that and stay; recursive
 * ones tell, of the node and all below it, of creation, change and deletion, and stay as well.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { TreeEvent } from '../../../protocol/operations.ts';
import { parentOf } from '../../../protocol/paths.ts';
import type { WatchKind, WatchRemoval, WatchTable } from './contract.ts';
import { SessionPaths } from './session-paths.ts';

const NO_SESSIONS: readonly SessionId[] = Object.freeze([]);

class Watches implements WatchTable {
  private readonly nodes = new SessionPaths();
  private readonly children = new SessionPaths();
  private readonly persistent = new SessionPaths();
  private readonly recursive = new SessionPaths();
  private readonly all = [this.nodes, this.children, this.persistent, this.recursive] as const;

  add(session: SessionId, kind: WatchKind, path: string): void {
    const table = this.tableOf(kind);
    if (table.has(session, path)) return;
    if (this.count(session) >= limits.watchesPerSession)
      throw new MesozooError(
        'TOO_MANY_REQUESTS',
        `a session has at most ${limits.watchesPerSession} watches`,
      );
    table.add(session, path);
  }

  remove(session: SessionId, kind: WatchRemoval, path: string): boolean {
    if (kind !== 'any') return this.tableOf(kind).remove(session, path);
    let removed = false;
    for (const table of this.all) removed = table.remove(session, path) || removed;
    return removed;
  }

  has(session: SessionId, kind: WatchKind | 'any', path: string): boolean {
    return kind === 'any'
      ? this.all.some((table) => table.has(session, path))
      : this.tableOf(kind).has(session, path);
  }

  fire(
    event: TreeEvent,
    mayHear?: (session: SessionId, event: TreeEvent) => boolean,
  ): readonly SessionId[] {
    if (!this.mayFire(event)) return NO_SESSIONS;
    const { type, path } = event;
    const sets: ReadonlySet<SessionId>[] = [];
    const note = (sessions: ReadonlySet<SessionId> | undefined) => {
      if (sessions !== undefined) sets.push(sessions);
    };
    if (type !== 'childrenChanged') note(this.nodes.take(path));
    if (type === 'childrenChanged' || type === 'deleted') note(this.children.take(path));
    note(this.persistent.of(path));
    if (type !== 'childrenChanged' && this.recursive.size > 0) {
      for (let at = path; ; at = parentOf(at)) {
        note(this.recursive.of(at));
        if (at === '/') break;
      }
    }
    const [first] = sets;
    if (first === undefined) return NO_SESSIONS;
    const told = sets.length === 1 ? [...first] : [...new Set(sets.flatMap((set) => [...set]))];
    return mayHear === undefined ? told : told.filter((session) => mayHear(session, event));
  }

  /** Of most nodes that are written to nobody wants to hear: that is found out without anything being made for it. */
  private mayFire({ path }: TreeEvent): boolean {
    if (this.total === 0) return false;
    return (
      this.recursive.size > 0 ||
      this.nodes.of(path) !== undefined ||
      this.children.of(path) !== undefined ||
      this.persistent.of(path) !== undefined
    );
  }

  removeSession(session: SessionId): void {
    for (const table of this.all) table.removeSession(session);
  }

  count(session: SessionId): number {
    return this.all.reduce((sum, table) => sum + table.count(session), 0);
  }

  get total(): number {
    const { nodes, children, persistent, recursive } = this;
    return nodes.size + children.size + persistent.size + recursive.size;
  }

  paths(): Iterable<readonly [string, readonly SessionId[]]> {
    return merged(this.all.map((table) => table.byPath()));
  }

  sessions(): Iterable<readonly [SessionId, readonly string[]]> {
    return merged(this.all.map((table) => table.bySession()));
  }

  private tableOf(kind: WatchKind): SessionPaths {
    switch (kind) {
      case 'data':
      case 'exist':
        return this.nodes;
      case 'child':
        return this.children;
      case 'persistent':
        return this.persistent;
      case 'recursive':
        return this.recursive;
      default:
        return kind satisfies never;
    }
  }
}

function merged<Key, Value>(
  tables: readonly Iterable<readonly [Key, ReadonlySet<Value>]>[],
): Iterable<readonly [Key, readonly Value[]]> {
  const all = new Map<Key, Set<Value>>();
  for (const table of tables)
    for (const [key, values] of table) {
      const known = all.get(key);
      if (known === undefined) all.set(key, new Set(values));
      else for (const value of values) known.add(value);
    }
  return [...all].map(([key, values]) => [key, [...values]]);
}

/** `add` throws TOO_MANY_REQUESTS beyond `limits.watchesPerSession`. */
export function createWatchTable(): WatchTable {
  return new Watches();
}
