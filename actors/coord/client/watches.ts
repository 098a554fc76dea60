/**
 * The one-shot watches of a session, as its client knows them: what to set again at the next holder, and how to tell
 * from a new read whether the event was missed (ZooKeeper's SetWatches, done with ordinary reads).
 */
import type { StatBody } from '../../../protocol/znode-api.ts';
import type { Answer } from './contract.ts';
import type { NodeEvent } from './read-lane.ts';

/** By the request that set it: `get` for data, `exists` for being there and data, `children` for names. */
export type WatchKind = 'get' | 'exists' | 'children';

export interface Watch {
  readonly kind: WatchKind;
  readonly path: string;
  /** Read at this zxid: an event that is not newer was already seen. */
  readonly zxid: number;
  /** Of the node as it was read; undefined when it was not there. */
  readonly stat: StatBody | undefined;
}

export type EventType = NodeEvent['event'];

/** Which kinds of watch an event fires (ZooKeeper's DataTree). */
const firedBy: Readonly<Record<EventType, readonly WatchKind[]>> = {
  created: ['get', 'exists'],
  dataChanged: ['get', 'exists'],
  deleted: ['get', 'exists', 'children'],
  childrenChanged: ['children'],
};

export function fires(type: EventType, kind: WatchKind): boolean {
  return firedBy[type].includes(kind);
}

export class Watches {
  private readonly table = new Map<string, Watch>();

  get size(): number {
    return this.table.size;
  }

  set(watch: Watch): void {
    this.table.set(keyOf(watch.kind, watch.path), watch);
  }

  has(watch: Watch): boolean {
    return this.table.get(keyOf(watch.kind, watch.path)) === watch;
  }

  /**
   * Whether a watch fired; those that did are gone. `late` are watches that were set by a read which had seen the change
   * already: it is not news, but whether the holder still has those watches is not certain.
   */
  fire(event: NodeEvent): { readonly fired: boolean; readonly late: readonly Watch[] } {
    let fired = false;
    const late: Watch[] = [];
    for (const kind of firedBy[event.event]) {
      const key = keyOf(kind, event.path);
      const watch = this.table.get(key);
      if (watch === undefined) continue;
      if (event.zxid <= watch.zxid) {
        late.push(watch);
        continue;
      }
      this.table.delete(key);
      fired = true;
    }
    return { fired, late };
  }

  clear(): void {
    this.table.clear();
  }

  all(): readonly Watch[] {
    return [...this.table.values()];
  }
}

/** The watch that a read has set, if it has: a `get` or `children` of a missing node sets none. */
export function watchOf(kind: WatchKind, path: string, answer: Answer<object>): Watch | undefined {
  if (!answer.ok) return undefined;
  const { zxid, stat } = answer.value as { zxid: number; stat?: StatBody };
  return { kind, path, zxid, stat };
}

/** What happened between the read that set the watch and this one; undefined when nothing that it waits for. */
export function missedEvent(watch: Watch, now: Answer<object>): EventType | undefined {
  const before = watch.stat;
  const after = now.ok ? (now.value as { stat?: StatBody }).stat : undefined;
  if (!now.ok && now.error.code !== 'NO_NODE') return undefined;
  if (before === undefined) return after === undefined ? undefined : 'created';
  if (after === undefined) return 'deleted';
  // A node of another birth: it was deleted, and made anew.
  if (after.czxid !== before.czxid) return watch.kind === 'children' ? 'deleted' : 'dataChanged';
  if (watch.kind === 'children')
    return after.pzxid === before.pzxid ? undefined : 'childrenChanged';
  return after.mzxid === before.mzxid ? undefined : 'dataChanged';
}

function keyOf(kind: WatchKind, path: string): string {
  return `${kind} ${path}`;
}
