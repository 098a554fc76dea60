/**
 * An ephemeral node that is kept: made again in a new session, and when somebody has deleted it. What group membership and
 * the service registry are made of (Curator's PersistentNode).
 */
import type { MesozooError } from '../../../../protocol/errors.ts';
import type { Timer } from '../../../actor.ts';
import { createEphemeral, type RecipeParts, remove } from './parts.ts';

export interface PresenceHandlers {
  /** The node is there and ours. */
  present?(): void;
  /** Not, or no longer: it is made again as soon as it can be. NODE_EXISTS while another session has it. */
  absent?(error: MesozooError | undefined): void;
}

const RETRY_MS = 500;

export class Presence {
  readonly path: string;
  private readonly parts: RecipeParts;
  private readonly handlers: PresenceHandlers;
  private readonly states: { stop(): void };
  private data: string | Uint8Array;
  private following: { stop(): void } | undefined;
  private retrying: Timer | undefined;
  private making = false;
  private isPresent = false;
  private stopped = false;
  /** Of those who stopped it while it was being made. */
  private readonly whenMade: (() => void)[] = [];

  /** The session should be opened with `reopen`: otherwise an expiry ends the presence. */
  constructor(
    parts: RecipeParts,
    path: string,
    data: string | Uint8Array,
    handlers: PresenceHandlers = {},
  ) {
    this.parts = parts;
    this.path = path;
    this.data = data;
    this.handlers = handlers;
    this.states = parts.client.onState((state) => {
      if (state === 'expired') this.gone(undefined);
      if (state === 'connected' && !this.isPresent) this.make();
    });
    this.make();
  }

  /** Of later nodes too. */
  set(data: string | Uint8Array): void {
    this.data = data;
    if (!this.isPresent) return;
    this.parts.client.request('set', { path: this.path, data }, (answer) => {
      // Where it is gone, the next one is made with the new data.
      if (!answer.ok && answer.error.code !== 'NO_NODE' && !this.stopped)
        this.parts.log.warn('presence not changed', { path: this.path, error: answer.error });
    });
  }

  stop(done: () => void = () => undefined): void {
    const wasPresent = this.isPresent;
    this.stopped = true;
    this.isPresent = false;
    this.states.stop();
    this.following?.stop();
    this.retrying?.cancel();
    if (wasPresent) remove(this.parts, this.path, done);
    else if (this.making) this.whenMade.push(done);
    else this.parts.clock.after(0, done);
  }

  private make(): void {
    this.retrying?.cancel();
    if (this.stopped || this.making || this.isPresent) return;
    const { data } = this;
    this.making = true;
    createEphemeral(this.parts, this.path, data, (answer) => {
      this.making = false;
      if (this.stopped) {
        const stopped = () => {
          for (const done of this.whenMade.splice(0)) done();
        };
        if (answer.ok) remove(this.parts, this.path, stopped);
        else stopped();
      } else if (answer.ok) {
        this.isPresent = true;
        if (data !== this.data) this.set(this.data);
        this.follow();
        this.handlers.present?.();
      } else {
        this.handlers.absent?.(answer.error);
        this.retry();
      }
    });
  }

  /** Another session's node may be our own former one's: it goes with that, or stays; asked now and then. */
  private retry(): void {
    const { state } = this.parts.client;
    if (state === 'closed' || state === 'expired') return;
    this.retrying = this.parts.clock.after(RETRY_MS, () => this.make());
  }

  private follow(): void {
    this.following?.stop();
    const following = this.parts.client.follow('exists', this.path, (answer) => {
      if (this.following !== following || !this.isPresent) return;
      if (!answer.ok || answer.value.kind !== 'exists' || answer.value.exists) return;
      this.gone(undefined);
      this.make();
    });
    this.following = following;
  }

  private gone(error: MesozooError | undefined): void {
    if (!this.isPresent) return;
    this.isPresent = false;
    this.following?.stop();
    this.handlers.absent?.(error);
  }
}
