/** Turns become multis; what is told waits for them. */
import { describe, expect, test } from 'vitest';
import { MesozooError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import type { Write, WriteGroup } from '../bundled.ts';
import type { Answer, CoordClient } from '../coord/client/contract.ts';
import { cut, Writes } from './writes.ts';

const set = (path: string, bytes = 0): Write => ({ op: 'set', path, data: new Uint8Array(bytes) });

function started() {
  const sent: { operations: readonly Write[]; answer: (answer: Answer<never>) => void }[] = [];
  const failures: string[] = [];
  const client = {
    request: (_: string, request: { operations: Write[] }, answer: (a: Answer<never>) => void) =>
      sent.push({ operations: request.operations, answer }),
  } as unknown as CoordClient;
  const writes = new Writes(client, '/mesos/candidate', (error) => failures.push(error.code));
  const told: string[] = [];
  const tell = (word: string) => writes.afterwards(() => told.push(word));
  const decide = (index: number) => sent[index]!.answer({ ok: true, value: {} as never });
  const refuse = (index: number) =>
    sent[index]!.answer({ ok: false, error: new MesozooError('NO_NODE') });
  return { writes, sent, told, tell, decide, refuse, failures };
}

describe('writes', () => {
  test('each multi begins with a check of the candidate', () => {
    const { writes, sent } = started();
    writes.send([[set('/a'), set('/b')], [set('/c')]]);
    expect(sent.map(({ operations }) => operations.map(({ op, path }) => `${op} ${path}`))).toEqual(
      [['check /mesos/candidate', 'set /a', 'set /b', 'set /c']],
    );
  });

  test('what is told waits until all before it is decided, whatever the order of the answers', () => {
    const { writes, told, tell, decide } = started();
    tell('1');
    writes.send([[set('/a')]]);
    tell('2');
    writes.send([]);
    tell('3');
    writes.send([[set('/b')]]);
    decide(1);
    expect(told).toEqual([]);
    decide(0);
    expect(told).toEqual(['1', '2', '3']);
  });

  test('with nothing to write and nothing under way it is told at once', () => {
    const { writes, told, tell, sent } = started();
    tell('now');
    writes.send([]);
    expect(told).toEqual(['now']);
    expect(sent).toEqual([]);
  });

  test('a refused write ends it: told once, and nothing after it has an effect', () => {
    const { writes, told, tell, decide, refuse, failures } = started();
    tell('1');
    writes.send([[set('/a')]]);
    tell('2');
    writes.send([[set('/b')]]);
    refuse(0);
    decide(1);
    expect(told).toEqual([]);
    expect(failures).toEqual(['NO_NODE']);
  });

  test('a turn of very many writes is sent a few at a time, and told when all of it is decided', () => {
    const { writes, sent, told, tell, decide } = started();
    tell('all');
    writes.send(Array.from({ length: 20_000 }, (_, index) => [set(`/${index}`)]));
    tell('next');
    expect(writes.hasRoom()).toBe(false);
    expect(sent).toHaveLength(2);
    for (let index = 0; index < sent.length; index++) decide(index);
    expect(sent).toHaveLength(21);
    expect(told).toEqual(['all']);
    writes.send([]);
    expect(told).toEqual(['all', 'next']);
  });

  test('there is room for a bounded number under way', () => {
    const { writes, decide } = started();
    let sent = 0;
    while (writes.hasRoom()) writes.send([[set(`/${sent++}`)]]);
    expect(sent).toBe(2);
    decide(0);
    expect(writes.hasRoom()).toBe(true);
  });
});

describe('cut', () => {
  const groups = (count: number, size: number, bytes = 0): WriteGroup[] =>
    Array.from({ length: count }, () => Array.from({ length: size }, () => set('/x', bytes)));
  test.each([
    ['nothing', groups(0, 1), []],
    ['one turn', groups(3, 2), [6]],
    ['as many as fit beside the check', groups(limits.multiOperations - 1, 1), [999]],
    ['one more', groups(limits.multiOperations, 1), [999, 1]],
    ['groups stay whole', groups(500, 2), [998, 2]],
    ['bytes', groups(3, 1, Math.floor(limits.multiBytes * 0.4)), [2, 1]],
  ])('%s', (_, given, expected) => {
    expect([...cut(given)].map((operations) => operations.length)).toEqual(expected);
  });
});
