/** Every scenario gives the trace that stands in its file. `UPDATE_SCENARIOS=1` rewrites the files: commit only what you can explain. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScenario } from './scenario.ts';

const folder = join(import.meta.dirname, 'scenarios');

describe('scenarios', () => {
  test.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', (name) => {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    const now = runScenario(text);
    if (process.env.UPDATE_SCENARIOS === '1') writeFileSync(path, now);
    else expect(now).toBe(text);
  });

  test('a leader that goes on although its promises are not of the new members decides a slot anew', () => {
    const text = readFileSync(join(folder, '20-new-members-asked.txt'), 'utf8');
    const run = () => runScenario(text, new Set(['new-members-not-asked']));
    expect(run).toThrow('member 2 decides b in slot 2, which was a');
  });

  test('a leader that counts the vote of an observer decides what others do not hear of', () => {
    const text = readFileSync(join(folder, '21-observer.txt'), 'utf8');
    const run = () => runScenario(text, new Set(['observer-votes']));
    expect(run).toThrow('decides c in slot 3, which was b');
  });
});
