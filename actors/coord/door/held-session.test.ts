import { describe, expect, it } from 'vitest';
import { decode } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { MemberId, SessionId, SessionIncarnation, Zxid } from '../../../protocol/ids.ts';
import type { Transport } from '../../actor.ts';
import type { OperationDone } from '../forwarding.ts';
import { HeldSession } from './held-session.ts';
import { OpenRequests } from './open-request.ts';
import type { Quorum } from './quorum.ts';

/** A numbered session of which writes up to `number` were taken before, and what has left for the quorum. */
function held(number: number) {
  const codes = new Map<string, string | undefined>();
  const transport = {
    maxPayloadBytes: 1024 * 1024,
    publish: (subject: string, payload: Uint8Array) =>
      codes.set(subject, (decode(payload).value.error as { code: string } | undefined)?.code),
  } as unknown as Transport;
  const left: { readonly number: number; readonly done: OperationDone }[] = [];
  const confirmed: (() => void)[] = [];
  const quorum = {
    member: 1 as MemberId,
    submit: ({ number }: { number: number }, done: OperationDone) => left.push({ number, done }),
    confirm: (done: () => void) => confirmed.push(done),
  } as unknown as Quorum;
  const session = new HeldSession(quorum, {
    id: 'a'.repeat(16) as SessionId,
    password: '',
    token: '',
    incarnation: 1 as SessionIncarnation,
    timeoutMs: 10_000,
    clientNumbered: true,
    number,
    identities: [],
    events: undefined,
  });
  const open = new OpenRequests(transport);
  const begin = (name: string) => {
    const payload = new Uint8Array();
    return open.begin(name, { subject: '', payload, reply: `_INBOX.${name}` }, 'json', 0);
  };
  return {
    session,
    codes,
    left,
    write: (number: number, name = `${number}`) => {
      const request = begin(name);
      const operation = { kind: 'delete', path: '/', version: -1 } as const;
      const written = () => request.answer({});
      session.take({ request, write: { operation, number }, written }, 0);
      return request;
    },
    linearizableRead: () => {
      const request = begin('read');
      session.take({ request, linearizable: true, read: () => request.answer({}) }, 0);
    },
    confirm: () => {
      for (const done of confirmed.splice(0)) done();
    },
    apply: () => {
      for (const { done } of left.splice(0)) done({ kind: 'deleted' }, 1 as Zxid);
    },
  };
}

describe('a repeat that nobody waits for any more', () => {
  it.each([
    ['of a write that this holder took', 0],
    ['of a write that a former holder took', 1],
  ])('%s leaves the writes behind it alone', (_, number) => {
    const { session, codes, left, write, linearizableRead, confirm, apply } = held(number);
    if (number === 0) {
      write(1);
      apply();
    }
    linearizableRead();
    const repeat = write(1, 'repeat');
    write(2);
    repeat.expire();
    confirm();
    expect(left.map((one) => one.number)).toEqual([2]);
    apply();
    write(3);
    expect(left.map((one) => one.number)).toEqual([3]);
    apply();
    session.sweep(5000);
    expect([codes.get('_INBOX.2'), codes.get('_INBOX.3')]).toEqual([undefined, undefined]);
    expect(codes.has('_INBOX.3')).toBe(true);
  });

  it('of a write that has not left holds back those behind it', () => {
    const { codes, left, write, linearizableRead, confirm } = held(0);
    linearizableRead();
    const first = write(1);
    write(2);
    first.expire();
    confirm();
    expect(left).toEqual([]);
    expect(codes.get('_INBOX.2')).toBe('SEQUENCE_GAP');
  });
});

describe('a write that is under way when the session is held here no longer', () => {
  it('is answered when it is applied', () => {
    const { session, codes, write, apply } = held(0);
    write(1);
    session.end(new MesozooError('SESSION_MOVED'));
    apply();
    expect([...codes]).toEqual([['_INBOX.1', undefined]]);
  });

  it('has no answer from a state that watches were not told of, and may be sent again', () => {
    const { session, codes, write, apply } = held(0);
    write(1);
    session.missEvents();
    session.end(new MesozooError('SESSION_MOVED'));
    apply();
    expect([...codes]).toEqual([['_INBOX.1', 'CONNECTION_LOST']]);
  });
});
