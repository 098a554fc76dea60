import { describe, expect, it } from 'vitest';
import { decode, type Form } from '../../../protocol/codec.ts';
import type { Delivery, Transport } from '../../actor.ts';
import { OpenRequests } from './open-request.ts';

const published: { readonly subject: string; readonly payload: Uint8Array }[] = [];
const transport = {
  inbox: '_INBOX.test',
  maxPayloadBytes: 8192,
  publish: (subject: string, payload: Uint8Array) => published.push({ subject, payload }),
} as unknown as Transport;
const delivery: Delivery = { subject: 'x', payload: new Uint8Array(), reply: '_INBOX.a.1' };

describe('open requests', () => {
  it('are counted until they are answered, in whatever order', () => {
    const open = new OpenRequests(transport);
    const [first, second, third, joined] = [1, 2, 3, 4].map(() => {
      const request = open.begin('get', delivery, 'json', 0);
      open.watch(request);
      return request;
    });
    expect(open.size).toBe(4);
    second!.answer({});
    second!.answer({});
    joined!.handTo(first!);
    expect(open.size).toBe(2);
    open.sweep(1);
    expect(open.size).toBe(2);
    open.sweep(10_000);
    expect(open.size).toBe(0);
    third!.answer({});
    expect(open.size).toBe(0);
  });

  it('that are answered behind an open one do not fill the room of others, nor does their deadline move', () => {
    const open = new OpenRequests(transport);
    const first = open.begin('sync', delivery, 'json', 0);
    open.watch(first);
    for (let index = 0; index < 10_000; index++) {
      const request = open.begin('get', delivery, 'json', 1);
      open.watch(request);
      request.answer({});
    }
    expect(open.size).toBe(1);
    expect(open.sweep(9_999)).toBe(false);
    expect(open.sweep(10_000)).toBe(true);
    expect(first.isAnswered).toBe(true);
    expect(open.size).toBe(0);
  });
});

describe('an answer that fits into no message', () => {
  it.each<[string, boolean, Form, string, boolean]>([
    ['a write', true, 'json', 'REPLY_FORGOTTEN', false],
    ['a write', true, 'msgpack', 'REPLY_FORGOTTEN', false],
    ['a read', false, 'json', 'PAYLOAD_TOO_LARGE', true],
    ['a read', false, 'msgpack', 'PAYLOAD_TOO_LARGE', true],
  ])('to %s (submitted: %s) in %s is told as %s', (_, isSubmitted, form, code, definite) => {
    published.length = 0;
    const request = new OpenRequests(transport).begin('multi', delivery, form, 0);
    request.isSubmitted = isSubmitted;
    request.answer({ results: 'x'.repeat(8192) });
    const reply = decode(published[0]!.payload);
    expect(reply.form).toBe(form);
    expect(reply.value.error).toMatchObject({ code, definite });
  });
});
