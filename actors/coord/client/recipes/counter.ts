/**
 * A whole number in one znode, as text (as kazoo's Counter), changed by comparing its version: nothing is counted twice
 * or forgotten, except where the answer to a change is lost with the session, which is told as an error that is not
 * definite.
 */
import { MesozooError } from '../../../../protocol/errors.ts';
import { parentOf } from '../../../../protocol/paths.ts';
import type { Answer } from '../contract.ts';
import { bytesOf, ensure, insist, type RecipeParts, textOf } from './parts.ts';

const RETRY_MAX_MS = 100;

export class Counter {
  private readonly parts: RecipeParts;
  private readonly path: string;

  constructor(parts: RecipeParts, path: string) {
    this.parts = parts;
    this.path = path;
  }

  /** Zero where there is no node; BAD_REQUEST where its data are no number. */
  get(done: (answer: Answer<number>) => void): void {
    insist(this.parts, 'get', { path: this.path }, (answer) => {
      if (answer.ok) done(numberIn(answer.value.data as Uint8Array, this.path));
      else if (answer.error.code === 'NO_NODE') done({ ok: true, value: 0 });
      else done(answer);
    });
  }

  /** Answered with the new value. */
  add(delta: number, done: (answer: Answer<number>) => void): void {
    this.tryToAdd(delta, 1, done);
  }

  private tryToAdd(delta: number, tries: number, done: (answer: Answer<number>) => void): void {
    const again = () => {
      // The more contend, the longer each one stays away: one of them always succeeds.
      const waitMs = this.parts.random.next() * Math.min(RETRY_MAX_MS, 2 ** tries);
      this.parts.clock.after(waitMs, () => this.tryToAdd(delta, tries + 1, done));
    };
    insist(this.parts, 'get', { path: this.path }, (found) => {
      if (!found.ok) {
        if (found.error.code === 'NO_NODE') this.create(again, done);
        else done(found);
        return;
      }
      const before = numberIn(found.value.data as Uint8Array, this.path);
      if (!before.ok) {
        done(before);
        return;
      }
      const value = before.value + delta;
      if (!Number.isSafeInteger(value)) {
        done(refused(`${before.value} + ${delta} is no whole number that can be kept`));
        return;
      }
      const { version } = found.value.stat;
      const request = { path: this.path, data: bytesOf(String(value)), version };
      this.parts.client.request('set', request, (answer) => {
        if (answer.ok) done({ ok: true, value });
        else if (answer.error.code === 'BAD_VERSION' || answer.error.code === 'NO_NODE') again();
        else done(answer);
      });
    });
  }

  private create(again: () => void, done: (answer: Answer<number>) => void): void {
    ensure(this.parts, parentOf(this.path), (error) => {
      if (error !== undefined) {
        done({ ok: false, error });
        return;
      }
      insist(this.parts, 'create', { path: this.path, data: '0' }, (answer) => {
        if (answer.ok || ['NODE_EXISTS', 'NO_NODE'].includes(answer.error.code)) again();
        else done(answer);
      });
    });
  }
}

function numberIn(data: Uint8Array, path: string): Answer<number> {
  const text = textOf(data).trim();
  const value = text === '' ? 0 : Number(text);
  return Number.isSafeInteger(value) ? { ok: true, value } : refused(`${path} has no whole number`);
}

function refused(text: string): Answer<never> {
  return { ok: false, error: new MesozooError('BAD_REQUEST', text) };
}
