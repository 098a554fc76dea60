/**
 * A queue, and with priorities a priority queue: persistent sequential children `entry-<priority>-<number>`, as kazoo's
 * Queue keeps them. Taking is reading and deleting, and a znode is deleted once: an entry has one taker at most. One whose
 * taker dies after that is lost; who must not lose work keeps it under a lock, or submits it as a task.
 */
import type { MesozooError } from '../../../../protocol/errors.ts';
import type { Answer } from '../contract.ts';
import { childrenOf, ensure, insist, type RecipeParts, sessionClosed } from './parts.ts';

const PRIORITY_DEFAULT = 100;
const ENTRY = /^entry-(\d{3})-(\d{10})$/;

export class Queue {
  private readonly parts: RecipeParts;
  private readonly path: string;

  constructor(parts: RecipeParts, path: string) {
    this.parts = parts;
    this.path = path;
  }

  /**
   * `priority` 0 to 999, the smaller the sooner; entries of one priority come in the order of their putting. Answered when the
   * entry is in the queue for good; after an error that is not definite it may be.
   */
  put(
    data: string | Uint8Array,
    done: (error: MesozooError | undefined) => void,
    priority = PRIORITY_DEFAULT,
  ): void {
    const path = `${this.path}/entry-${String(priority).padStart(3, '0')}-`;
    this.parts.client.request('create', { path, data, sequential: true }, (answer) => {
      if (answer.ok) done(undefined);
      else if (answer.error.code !== 'NO_NODE') done(answer.error);
      else
        ensure(this.parts, this.path, (error) => {
          if (error === undefined) this.put(data, done, priority);
          else done(error);
        });
    });
  }

  /**
   * The first entry; undefined when there is none. After an error that is not definite an entry may have been taken out whose
   * data are lost.
   */
  poll(done: (answer: Answer<Uint8Array | undefined>) => void): void {
    // Read anew each time: an entry of a smaller priority may have come.
    childrenOf(this.parts, this.path, (names) => {
      if (!names.ok) {
        done(names);
        return;
      }
      const entries = names.value.filter((name) => ENTRY.test(name)).sort();
      this.takeFirst(entries, 0, done);
    });
  }

  /**
   * Waits for an entry, until `stop`; answered once, unless it was stopped before. All that wait at an empty queue look
   * when something is put into it.
   */
  take(done: (answer: Answer<Uint8Array>) => void): { stop(): void } {
    const taking = new Taking(this.parts, this.path, (found) => this.poll(found), done);
    return { stop: () => taking.stop() };
  }

  private takeFirst(
    names: readonly string[],
    index: number,
    done: (answer: Answer<Uint8Array | undefined>) => void,
  ): void {
    const name = names[index];
    if (name === undefined) {
      done({ ok: true, value: undefined });
      return;
    }
    const path = `${this.path}/${name}`;
    insist(this.parts, 'get', { path }, (found) => {
      if (!found.ok) {
        if (found.error.code === 'NO_NODE') this.takeFirst(names, index + 1, done);
        else done(found);
        return;
      }
      // Not asked twice: a second answer of NO_NODE would not tell who took it.
      this.parts.client.request('delete', { path }, (deleted) => {
        if (deleted.ok) done({ ok: true, value: found.value.data as Uint8Array });
        else if (deleted.error.code === 'NO_NODE') this.takeFirst(names, index + 1, done);
        else done(deleted);
      });
    });
  }
}

/** One that waits for an entry. */
class Taking {
  private readonly poll: (found: (answer: Answer<Uint8Array | undefined>) => void) => void;
  private readonly done: (answer: Answer<Uint8Array>) => void;
  private readonly following: { stop(): void };
  private readonly states: { stop(): void };
  private polling = false;
  private again = false;
  private over = false;
  /** Stopped while an entry was on the way: it is told all the same, since it is out of the queue. */
  private stopped = false;

  constructor(
    parts: RecipeParts,
    path: string,
    poll: (found: (answer: Answer<Uint8Array | undefined>) => void) => void,
    done: (answer: Answer<Uint8Array>) => void,
  ) {
    this.poll = poll;
    this.done = done;
    this.states = parts.client.onState((state) => {
      if (state === 'closed') this.settle({ ok: false, error: sessionClosed() });
    });
    this.following = parts.client.follow('children', path, (answer) => {
      if (answer.ok) this.look();
    });
  }

  stop(): void {
    this.stopped = true;
    if (!this.polling) this.end();
  }

  private look(): void {
    if (this.over) return;
    if (this.polling) {
      this.again = true;
      return;
    }
    this.polling = true;
    this.again = false;
    this.poll((answer) => {
      this.polling = false;
      if (this.over) return;
      if (!answer.ok) this.settle(answer);
      else if (answer.value !== undefined) this.settle({ ok: true, value: answer.value });
      else if (this.stopped) this.end();
      else if (this.again) this.look();
    });
  }

  private settle(answer: Answer<Uint8Array>): void {
    if (this.over) return;
    this.end();
    this.done(answer);
  }

  private end(): void {
    this.over = true;
    this.following.stop();
    this.states.stop();
  }
}
