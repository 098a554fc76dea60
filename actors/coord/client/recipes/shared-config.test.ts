import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Answer } from '../contract.ts';
import { SharedConfig } from './shared-config.ts';
import { recipeWorld } from './testing/recipe-world.ts';

const schema = z.strictObject({ limit: z.int().min(1) });

test('a shared configuration is told when it is valid, and stands while it is not', () => {
  const { cluster, open, write } = recipeWorld();
  const told: string[] = [];
  const reader = open('reader');
  new SharedConfig(reader, '/config/app', schema).watch({
    changed: ({ limit }, version) => told.push(`${limit} (${version})`),
    wrong: (problem) => told.push(problem.split('\n')[0]!),
  });
  cluster.until('it is missing', () => told.length === 1);
  const config = new SharedConfig(open('writer'), '/config/app', schema);
  const answers: (number | string)[] = [];
  const note = (answer: Answer<number>) =>
    answers.push(answer.ok ? answer.value : answer.error.code);
  config.set({ limit: 5 }, note);
  cluster.until('it is told', () => told.length === 2);
  reader.holder().process.crash('process');
  config.set({ limit: 0 }, note);
  config.set({ limit: 6 }, note, 0);
  config.set({ limit: 7 }, note, 0);
  cluster.until('all is answered', () => answers.length === 4);
  expect([...answers].sort()).toEqual([0, 1, 'BAD_REQUEST', 'BAD_VERSION']);
  cluster.until('it is told', () => told.length === 3);
  write('set', { path: '/config/app', data: '{"limit":"many"}' });
  cluster.until('it is told', () => told.length === 4);
  write('set', { path: '/config/app', data: '{' });
  cluster.until('it is told', () => told.length === 5);
  expect(told).toEqual([
    '/config/app does not exist',
    '5 (0)',
    '6 (1)',
    expect.stringContaining('/config/app is not valid'),
    '/config/app is no JSON',
  ]);
});
