/** The door's own bounds: how many may wait for an answer, how large an answer may be, and what remains at the end. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { decode } from '../../../protocol/codec.ts';
import type { Epoch } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Delivery, Endpoint, Transport } from '../../actor.ts';
import type { Respond } from '../../bundled.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { subscriptionOf } from '../../testing/subscription.ts';
import { Door } from './door.ts';

function offered(maxPayloadBytes = 1000) {
  const handlers = new Map<string, (delivery: Delivery) => void>();
  const endpoints: Endpoint[] = [];
  const answers: Record<string, unknown>[] = [];
  const waiting: Respond[] = [];
  const effects: (() => void)[] = [];
  let mayServe = true;
  const transport = {
    maxPayloadBytes,
    publish: (_: string, payload: Uint8Array) => answers.push(decode(payload).value),
    serve: (endpoint: Endpoint, handler: (delivery: Delivery) => void) => {
      endpoints.push(endpoint);
      handlers.set(endpoint.subject, handler);
      return subscriptionOf(() => handlers.delete(endpoint.subject));
    },
  } as unknown as Transport;
  const door = new Door({
    epoch: 7 as Epoch,
    transport,
    log: silentLog,
    afterwards: (effect) => effects.push(effect),
    mayServe: () => mayServe,
    routes: [
      {
        service: 'mesozoo-test',
        bytesMax: limits.taskRequestBytes,
        name: 'wait',
        subject: 'mz.wait',
        description: '',
        schema: z.strictObject({}),
        handle: ((_: unknown, respond: Respond) => waiting.push(respond)) as never,
      },
    ],
  });
  door.offer();
  const ask = (reply = '_INBOX.x') =>
    handlers.get('mz.wait')?.({ subject: 'mz.wait', payload: new Uint8Array(), reply });
  const decide = () => {
    for (const effect of effects.splice(0)) effect();
  };
  const silence = () => {
    mayServe = false;
  };
  return { door, ask, answers, waiting, decide, silence, handlers, endpoints };
}

test('each leadership has a queue of its own', () => {
  expect(offered().endpoints[0]?.queue).toBe('leading-master-7');
});

test('an answer leaves when what was before it is decided, as it was when it was made', () => {
  const { ask, waiting, answers, decide } = offered();
  ask();
  const value = { state: 'before' };
  waiting[0]!(value);
  value.state = 'after';
  expect(answers).toEqual([]);
  decide();
  expect(answers).toEqual([{ state: 'before' }]);
});

test('as many as the limit may wait, the next one is refused', () => {
  const { ask, answers } = offered();
  for (let index = 0; index < limits.operationsWaiting; index++) ask();
  expect(answers).toEqual([]);
  ask();
  expect(answers).toMatchObject([{ error: { code: 'TOO_MANY_REQUESTS', definite: true } }]);
});

test('an answer that is larger than a message is an error', () => {
  const { ask, waiting, answers } = offered(100);
  ask();
  waiting[0]!({ text: 'x'.repeat(100) });
  expect(answers).toMatchObject([{ error: { code: 'PAYLOAD_TOO_LARGE' } }]);
});

test('at the end who still waits is told that the outcome is uncertain, once', () => {
  const { door, ask, waiting, answers, decide, handlers } = offered();
  ask();
  door.end();
  expect(answers).toMatchObject([{ error: { code: 'CONNECTION_LOST', definite: false } }]);
  waiting[0]!({});
  decide();
  expect(answers).toHaveLength(1);
  expect(handlers.size).toBe(0);
});

test('while another may lead it is silent', () => {
  const { ask, waiting, answers, silence } = offered();
  silence();
  ask();
  expect([waiting.length, answers.length]).toEqual([0, 0]);
});

test('who leaves takes nothing new, and is idle when all that was taken is answered', async () => {
  const { door, ask, waiting, answers, decide, handlers } = offered();
  ask();
  door.leave();
  door.offer();
  expect(handlers.size).toBe(0);
  await Promise.resolve();
  expect(door.isIdle).toBe(false);
  waiting[0]!({ state: 'done' });
  expect(door.isIdle).toBe(false);
  decide();
  expect(answers).toEqual([{ state: 'done' }]);
  expect(door.isIdle).toBe(true);
});
