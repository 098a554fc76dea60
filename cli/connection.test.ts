import { expect, test } from 'vitest';
import type { Ports } from '../actors/actor.ts';
import { subscriptionOf } from '../actors/testing/subscription.ts';
import { systemRandom } from '../runtime/random.ts';
import { connectionOver } from './connection.ts';

test('says once that no answer comes, while it goes on waiting', () => {
  const timers: { readonly delayMs: number; readonly run: () => void }[] = [];
  const told: string[] = [];
  const nothing = () => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => log };
  const ports: Ports = {
    clock: {
      monotonicMs: () => 0,
      wallMs: () => 0,
      after: (delayMs, run) => {
        timers.push({ delayMs, run });
        return { cancel: nothing };
      },
    },
    random: systemRandom,
    log,
    transport: {
      inbox: '_INBOX.test',
      maxPayloadBytes: 1024,
      publish: nothing,
      serve: () => subscriptionOf(nothing),
      subscribe: () => subscriptionOf(nothing),
      isConnected: () => true,
      onConnection: nothing,
    },
  };
  const connection = connectionOver(
    ports,
    'mz',
    async () => undefined,
    (text) => told.push(text),
  );
  for (const subject of ['mz.task.list', 'mz.task.get']) void connection.ask(subject, {});
  expect(told).toEqual([]);
  for (const { run } of timers.filter(({ delayMs }) => delayMs === 2_000)) run();
  expect(told).toEqual(['no answer yet on mz.task.list; still trying']);
});
