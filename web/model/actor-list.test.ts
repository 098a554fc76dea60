import { expect, test } from 'vitest';
import { listActors } from './actor-list.ts';
import { History } from './history.ts';

function historyOf(...actors: readonly (readonly [id: string, state: string, status?: string])[]) {
  const history = new History();
  actors.forEach(([sessionId, value, status = 'active'], index) => {
    history.add([
      { at: index + 1, event: { type: '@xstate.actor', sessionId, snapshot: { value, status } } },
    ]);
  });
  return history;
}

const shown = (history: History, filter = '', at?: number) =>
  listActors(
    history,
    at === undefined ? undefined : { at, number: Number.POSITIVE_INFINITY },
    filter,
  ).rows.map((row) =>
    row.row === 'group'
      ? `# ${row.kind} ${row.living}/${row.total}`
      : `${row.actor.id} ${row.step.toText}${row.leads ? ' leads' : ''}${row.ended ? ' ended' : ''}`,
  );

const cluster = historyOf(
  ['task.t1', 'finished', 'done'],
  ['task.t2', 'queued'],
  ['agent.agent-10', 'registered'],
  ['agent.agent-9', 'registered'],
  ['task.t3', 'blocked'],
  ['coordinator.1', 'leading'],
  ['other.o', 'x'],
  ['master.m2', 'leading', 'stopped'],
);

test('kinds from the quorum outwards, names by their numbers, the newest living task first', () => {
  expect(shown(cluster)).toEqual([
    '# coordinator 1/1',
    '1 leading leads',
    '# master 0/1',
    'm2 leading ended',
    '# agent 2/2',
    'agent-9 registered',
    'agent-10 registered',
    '# task 2/3',
    't3 blocked',
    't2 queued',
    't1 finished ended',
    '# other 1/1',
    'o x',
  ]);
});

test('every word of the filter is somewhere in kind, name or state', () => {
  expect(shown(cluster, 'TASK que')).toEqual(['# task 2/3', 't2 queued']);
  expect(shown(cluster, 'agent-9')).toEqual(['# agent 2/2', 'agent-9 registered']);
  expect(shown(cluster, 'nobody')).toEqual([]);
  expect(listActors(cluster, undefined, 'task')).toMatchObject({ shown: 3, total: 8 });
});

test('at a moment of the past only those are there who were', () => {
  expect(shown(cluster, '', 3)).toEqual([
    '# agent 1/1',
    'agent-10 registered',
    '# task 1/2',
    't2 queued',
    't1 finished ended',
  ]);
});
