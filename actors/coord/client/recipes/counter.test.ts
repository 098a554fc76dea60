import { describe, expect, test } from 'vitest';
import type { Answer } from '../contract.ts';
import { Counter } from './counter.ts';
import { recipeWorld } from './testing/recipe-world.ts';

describe('a counter over three real members', () => {
  test('counts each addition once, while all contend and a member is killed', () => {
    const { cluster, open, read } = recipeWorld();
    const values: number[] = [];
    const counters = ['a', 'b', 'c'].map((name) => new Counter(open(name), '/counters/hits'));
    const note = (answer: Answer<number>) => {
      if (!answer.ok) throw answer.error;
      values.push(answer.value);
    };
    for (const counter of counters) for (let each = 0; each < 10; each++) counter.add(1, note);
    cluster.run(30);
    cluster.leader()!.process.crash('process');
    cluster.until('all have counted', () => values.length === 30);
    expect([...values].sort((x, y) => x - y)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(read('/counters/hits').data).toBe('30');
  });

  test('is zero before it is made, and refuses what is no number', () => {
    const { cluster, open, write } = recipeWorld();
    const program = open('a');
    const answers: Answer<number>[] = [];
    const note = (answer: Answer<number>) => answers.push(answer);
    new Counter(program, '/none').get(note);
    write('create', { path: '/text', data: 'many' });
    new Counter(program, '/text').add(1, note);
    write('create', { path: '/much', data: String(Number.MAX_SAFE_INTEGER) });
    new Counter(program, '/much').add(1, note);
    cluster.until('all is answered', () => answers.length === 3);
    expect(answers.map((each) => (each.ok ? each.value : each.error.code)).sort()).toEqual([
      0,
      'BAD_REQUEST',
      'BAD_REQUEST',
    ]);
  });
});
