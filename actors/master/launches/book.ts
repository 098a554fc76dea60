/** All launched tasks that the leading master knows: those that wait for their agent or run, and those whose end was not acknowledged yet. */
import { assert } from '../../../protocol/errors.ts';
import type { AttemptId } from '../../../protocol/ids.ts';
import type { AclEntry } from '../../../protocol/operations.ts';
import type { WriteGroup } from '../../bundled.ts';
import { creationOf, type Launch, removalOf, updateOf } from './launch.ts';

type Change = 'created' | 'updated' | 'removed';

export class LaunchBook {
  private readonly launches = new Map<AttemptId, Launch>();
  /** What the tree does not have yet. */
  private dirty = new Map<Launch, Change>();
  /** Told of each that is new. */
  added: ((launch: Launch) => void) | undefined;

  get size(): number {
    return this.launches.size;
  }

  get(attemptId: AttemptId): Launch | undefined {
    return this.launches.get(attemptId);
  }

  all(): Iterable<Launch> {
    return this.launches.values();
  }

  add(launch: Launch): void {
    this.addRecovered(launch);
    this.dirty.set(launch, 'created');
    this.added?.(launch);
  }

  /** One that the tree has already. */
  addRecovered(launch: Launch): void {
    const { attemptId, framework, info } = launch;
    assert(!this.launches.has(attemptId), `the attempt ${attemptId} is in the book already`);
    this.launches.set(attemptId, launch);
    framework.launches.set(info.task_id.value, launch);
  }

  changed(launch: Launch): void {
    if (!this.dirty.has(launch)) this.dirty.set(launch, 'updated');
  }

  remove(launch: Launch): void {
    this.launches.delete(launch.attemptId);
    launch.framework.launches.delete(launch.info.task_id.value);
    if (this.dirty.get(launch) === 'created') this.dirty.delete(launch);
    else this.dirty.set(launch, 'removed');
  }

  /**
   * The changes so far as writes, made when they are asked for. What a new launch holds may have been given back in
   * the same turn: new ones come last, so that the tree never gives a resource twice, wherever a turn is cut.
   */
  takeChanges(acl: AclEntry[]): Iterable<WriteGroup> {
    const changes = this.dirty;
    this.dirty = new Map();
    return writesOf(changes, acl);
  }
}

function* writesOf(changes: ReadonlyMap<Launch, Change>, acl: AclEntry[]): Generator<WriteGroup> {
  for (const [launch, how] of changes) {
    if (how === 'updated') yield updateOf(launch);
    else if (how === 'removed') yield removalOf(launch);
  }
  for (const [launch, how] of changes) if (how === 'created') yield creationOf(launch, acl);
}
