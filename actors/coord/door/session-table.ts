/** The sessions that this member holds, their watches, and the events that are published to them. */
import { encode } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId, Zxid } from '../../../protocol/ids.ts';
import type { TreeEvent } from '../../../protocol/operations.ts';
import type { SessionEvent } from '../../../protocol/znode-api.ts';
import type { Transport } from '../../actor.ts';
import { mayHear } from '../znodes/acl.ts';
import type { Applied, WatchTable } from '../znodes/contract.ts';
import { createWatchTable } from '../znodes/watches.ts';
import type { HeldSession } from './held-session.ts';

export class SessionTable {
  readonly watches: WatchTable = createWatchTable();
  private readonly transport: Transport;
  private readonly held = new Map<SessionId, HeldSession>();
  /** Was held here and is about to be held here again: its client, if it is the same, has not lost it. */
  private reattaching: HeldSession | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  get size(): number {
    return this.held.size;
  }

  all(): Iterable<HeldSession> {
    return this.held.values();
  }

  find(id: SessionId): HeldSession | undefined {
    const session = this.held.get(id);
    return session?.isEnded === true ? undefined : session;
  }

  /** Undefined as well for who does not know the token of the present attachment. */
  findBy(id: SessionId, token: string | undefined): HeldSession | undefined {
    const session = this.find(id);
    return session?.options.token === token ? session : undefined;
  }

  hold(session: HeldSession): void {
    this.drop(session.id, new MesozooError('SESSION_MOVED', 'the session was attached anew'));
    const former = this.reattaching;
    this.reattaching = undefined;
    const isSameClient = former?.options.events?.subject === session.options.events?.subject;
    if (former?.id === session.id && !isSameClient) {
      this.publish(former, { event: 'moved', sessionId: former.id });
    } else if (former?.id === session.id) {
      // The request may have been a repeat by the network, of which the client knows nothing: by the number that is
      // left out here it learns that its watches are gone.
      session.eventNumber = former.eventNumber + 1;
    }
    this.held.set(session.id, session);
  }

  fire(event: TreeEvent, zxid: Zxid): void {
    const told = this.watches.fire(event, this.hears);
    for (let at = 0; at < told.length; at++) {
      const id = told[at]!;
      const session = this.held.get(id);
      if (session === undefined) continue;
      session.eventNumber += 1;
      this.publish(session, {
        event: event.type,
        sessionId: id,
        path: event.path,
        zxid,
        number: session.eventNumber,
      });
    }
  }

  private readonly hears = (id: SessionId, event: TreeEvent): boolean => {
    const identities = this.held.get(id)?.options.identities;
    return identities !== undefined && mayHear(event, identities);
  };

  /** An entry has ended an incarnation; `staysHere`: the next one is this member's as well. */
  ended(
    { session: id, why, incarnation }: NonNullable<Applied['ended']>,
    staysHere: boolean,
  ): void {
    const session = this.held.get(id);
    if (session === undefined || session.options.incarnation > incarnation) return;
    if (why === 'moved') {
      if (staysHere) this.reattaching = session;
      else this.publish(session, { event: 'moved', sessionId: id });
      this.drop(id, new MesozooError('SESSION_MOVED'));
    } else {
      if (why === 'expired') this.publish(session, { event: 'expired', sessionId: id });
      this.drop(id, new MesozooError('SESSION_EXPIRED'));
    }
  }

  /** They go elsewhere. Until then their watches are told, before what is under way is answered. */
  leave(error: MesozooError): void {
    for (const [id, session] of this.held) {
      this.publish(session, { event: 'moved', sessionId: id });
      session.end(error);
    }
  }

  /** The state has jumped, and with it over what their watches would have told: they begin anew. */
  moveAll(error: MesozooError): void {
    for (const [id, session] of this.held) {
      this.publish(session, { event: 'moved', sessionId: id });
      session.missEvents();
      this.drop(id, error);
    }
  }

  private drop(id: SessionId, error: MesozooError): void {
    const session = this.held.get(id);
    if (session === undefined) return;
    this.held.delete(id);
    this.watches.removeSession(id);
    session.end(error);
  }

  private publish({ options }: HeldSession, event: SessionEvent): void {
    if (options.events === undefined) return;
    this.transport.publish(options.events.subject, encode(event, options.events.form));
  }
}
