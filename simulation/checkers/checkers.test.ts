/**
 * Checkers that no planted bug makes fail are shown a history with the flaw that they are for; each also passes the
 * same history without it. The others: simulation/planted.test.ts.
 */
import { describe, expect, test } from 'vitest';
import type { VirtualProcess } from '../processes/processes.ts';
import { Trace } from '../trace.ts';
import { Violations } from '../violations.ts';
import { type FinalTree, History, type HistoryEntry } from '../workload/history.ts';
import { type TaskRecord, TaskRecords } from '../workload/task-records.ts';
import { checkAcknowledgedWrites } from './acknowledged-writes.ts';
import { checkClientOrder } from './client-order.ts';
import { EpochChecker } from './epochs.ts';
import { ProcessTruth } from './process-truth.ts';
import { ReplyOrderChecker } from './reply-order.ts';
import { checkSequentialOrder } from './sequential-order.ts';
import type { TaskTruth } from './task-truth.ts';
import { checkTasks } from './tasks.ts';
import { type TreeChange, Truth } from './truth.ts';
import { checkWatchOrder } from './watch-order.ts';

const violations = () => new Violations(new Trace(() => 0), () => 0);
const names = (found: Violations) => found.found.map(({ checker }) => checker);

function history(...entries: Partial<HistoryEntry>[]): History {
  const made = new History();
  for (const entry of entries)
    made.entries.push({
      client: 'c',
      session: 'c.1',
      operation: 'set',
      path: '/w/r0',
      linearizable: false,
      watch: false,
      invokedMs: 0,
      versionBefore: -1,
      sessionVersionBefore: -1,
      outcome: 'ok',
      ...entry,
    });
  return made;
}
const tree = (nodes: Record<string, [data: string, version: number]>): FinalTree => ({
  nodes: new Map(Object.entries(nodes).map(([path, [data, version]]) => [path, { data, version }])),
});

describe('equal-trees and one-value-per-slot', () => {
  const slot = (value: string, digest: string) => ({ slot: 1, value, applied: [], digest });
  test.each([
    ['the same', slot('a', '1'), []],
    ['another tree', slot('a', '2'), ['equal-trees']],
    ['another value', slot('b', '1'), ['one-value-per-slot']],
  ])('%s at the second member', (_, second, expected) => {
    const found = violations();
    const truth = new Truth(found);
    truth.applied('coord1', slot('a', '1'));
    truth.applied('coord2', second);
    expect(names(found)).toEqual(expected);
  });
});

describe('reply-order', () => {
  test.each([
    ['in order', [1, 1, 10], [2, 2, 10], []],
    ['one that overtook another', [2, 3, 10], [3, 2, 11], ['reply-order', 'reply-order']],
    ['one that nobody asked for', [1, 1, 10], [undefined, 2, 10], ['reply-order']],
    ['a zxid that goes back', [1, 1, 10], [2, 2, 9], ['reply-order']],
    ['a refusal without a zxid', [1, 1, 10], [2, 2, -1], []],
  ] as const)('%s', (_, first, second, expected) => {
    const found = violations();
    const checker = new ReplyOrderChecker(found);
    for (const [expectedXid, xid, zxid] of [first, second])
      checker.reply('c.1', expectedXid, xid, zxid);
    expect(names(found)).toEqual(expected);
  });

  test('another session begins anew', () => {
    const found = violations();
    const checker = new ReplyOrderChecker(found);
    checker.reply('c.1', 1, 1, 10);
    checker.reply('c.2', 1, 1, 5);
    expect(names(found)).toEqual([]);
  });
});

describe('sequential-order', () => {
  const create = (session: string, createdPath: string) => ({
    ...({ operation: 'create', path: '/w/q', session, createdPath } as const),
  });
  test.each([
    ['rising', create('a', '/w/q/n-1'), create('a', '/w/q/n-2'), []],
    ['falling', create('a', '/w/q/n-2'), create('a', '/w/q/n-1'), ['sequential-order']],
    ['one name twice', create('a', '/w/q/n-1'), create('b', '/w/q/n-1'), ['sequential-order']],
    ['falling between sessions', create('a', '/w/q/n-2'), create('b', '/w/q/n-1'), []],
  ])('%s', (_, first, second, expected) => {
    const found = violations();
    checkSequentialOrder(history(first, second), found);
    expect(names(found)).toEqual(expected);
  });
});

describe('acknowledged-writes-present', () => {
  const created = {
    operation: 'create',
    path: '/w/q',
    createdPath: '/w/q/n-1',
    written: 'x',
  } as const;
  test.each([
    ['a created node is there', history(created), tree({ '/w/q/n-1': ['x', 0] }), 0],
    ['a created node is gone', history(created), tree({}), 1],
    [
      'one create made two nodes',
      history(created),
      tree({ '/w/q/n-1': ['x', 0], '/w/q/n-2': ['x', 0] }),
      1,
    ],
    [
      'two creates were given one name',
      history(created, { ...created, written: 'y' }),
      tree({ '/w/q/n-1': ['y', 0] }),
      // The first one's node has also other data.
      2,
    ],
    [
      'a deleted node is there',
      history(created, { operation: 'delete', path: '/w/q/n-1' }),
      tree({ '/w/q/n-1': ['x', 0] }),
      1,
    ],
    ['a set is there', history({ written: 'x', version: 3 }), tree({ '/w/r0': ['x', 3] }), 0],
    [
      'a set was overwritten',
      history({ written: 'x', version: 3 }),
      tree({ '/w/r0': ['y', 4] }),
      0,
    ],
    ['a set is lost', history({ written: 'x', version: 3 }), tree({ '/w/r0': ['y', 2] }), 1],
    ['a set has other data', history({ written: 'x', version: 3 }), tree({ '/w/r0': ['y', 3] }), 1],
    [
      'an update was lost between two',
      history({ written: 'x', version: 3 }, { written: 'y', version: 3 }),
      tree({ '/w/r0': ['z', 4] }),
      1,
    ],
    [
      'a refused write has happened',
      history({ written: 'x', outcome: 'failed' }),
      tree({ '/w/r0': ['x', 4] }),
      1,
    ],
    [
      'a multi happened in half',
      history(),
      tree({ '/w/pair-a': ['x', 1], '/w/pair-b': ['y', 0] }),
      1,
    ],
  ])('%s', (_, made, final, count) => {
    const found = violations();
    checkAcknowledgedWrites(made, final, found);
    expect(names(found)).toEqual(new Array(count).fill('acknowledged-writes-present'));
  });
});

describe('linearizable-reads and session-order', () => {
  test.each([
    [
      'a read as new as it must be',
      { operation: 'get', linearizable: true, version: 5, versionBefore: 5 },
      [],
    ],
    [
      'a stale linearizable read',
      { operation: 'get', linearizable: true, version: 4, versionBefore: 5 },
      ['linearizable-reads'],
    ],
    ['a local read may be behind others', { operation: 'get', version: 4, versionBefore: 5 }, []],
    [
      'but not behind its own session',
      { operation: 'get', version: 4, sessionVersionBefore: 5 },
      ['session-order'],
    ],
    [
      'a write behind an acknowledged one',
      { version: 5, versionBefore: 5 },
      ['linearizable-reads'],
    ],
    ['a write that skipped one', { version: 7, versionExpected: 6 }, ['session-order']],
  ] as const)('%s', (_, entry, expected) => {
    const found = violations();
    checkClientOrder(history(entry), found);
    expect(names(found)).toEqual(expected);
  });
});

describe('watch-before-reply', () => {
  const armed = { operation: 'get', watch: true, zxid: 10, answeredAt: 1 } as const;
  const reply = { operation: 'get', path: '/w/r1', zxid: 12, answeredAt: 3 } as const;
  const change: TreeChange = { type: 'dataChanged', path: '/w/r0', zxid: 11, slot: 5 };
  const event = (at: number) => ({
    client: 'c',
    session: 'c.1',
    type: 'dataChanged',
    path: '/w/r0',
    zxid: 11,
    at,
  });
  test.each([
    ['the event comes first', [event(2)], []],
    ['the event comes late', [event(4)], ['watch-before-reply']],
    ['the event does not come', [], ['watch-before-reply']],
  ])('%s', (_, events, expected) => {
    const found = violations();
    const made = history(armed, reply);
    made.events.push(...events);
    checkWatchOrder(made, new Map([['/w/r0', [change]]]), found);
    expect(names(found)).toEqual(expected);
  });
});

const total = { cpus: 4, mem: 1000, disk: 0, gpus: 0, ports: [] };
const process = (more: Partial<VirtualProcess> = {}): VirtualProcess => ({
  machine: 'agent1',
  sandbox: 't.1',
  identity: { pid: 1, startedAt: '1' },
  spec: { sandbox: 't.1', argv: [], env: { SIM_KEY: 'k', SIM_CPUS: '3', SIM_MEM: '10' } },
  startedMs: 1,
  ...more,
});

describe('no-second-live-attempt and resources-once on the machines', () => {
  test.each([
    ['two attempts on two machines', process({ machine: 'agent2', sandbox: 't.2' }), []],
    ['one attempt started twice', process({ machine: 'agent2' }), ['no-second-live-attempt']],
    ['more cpus than there are', process({ sandbox: 't.2' }), ['resources-once']],
  ])('%s', (_, second, expected) => {
    const found = violations();
    const truth = new ProcessTruth(found, total);
    truth.started(process());
    truth.started(second);
    expect(names(found)).toEqual(expected);
  });
});

describe('tasks', () => {
  const ended = (more: Partial<VirtualProcess> = {}) =>
    process({ end: { kind: 'exited', exitCode: 0 }, endedMs: 5, ...more });
  const record = (more: Partial<TaskRecord> = {}): TaskRecord => ({
    key: 'k',
    request: { name: 'k' },
    exitCode: 0,
    taskId: 't',
    refused: undefined,
    killAsked: false,
    killed: false,
    state: 'TASK_FINISHED',
    reason: undefined,
    taskExitCode: undefined,
    attempts: 1,
    submissions: 1,
    ...more,
  });
  test.each([
    ['finished, and it was so', 'TASK_FINISHED', record(), [ended()], []],
    ['finished, but nothing ran', 'TASK_FINISHED', record(), [], ['one-final-state']],
    ['not in the tree', undefined, record(), [ended()], ['one-final-state']],
    [
      'not ended',
      'TASK_RUNNING',
      record({ state: 'TASK_RUNNING' }),
      [process()],
      ['one-final-state'],
    ],
    [
      'finished, and still running elsewhere',
      'TASK_FINISHED',
      record({ request: { name: 'k', retry: { attempts: 2 } } }),
      [ended(), process({ sandbox: 't.2', machine: 'agent2' })],
      ['no-second-live-attempt'],
    ],
    [
      'tried too often',
      'TASK_FINISHED',
      record(),
      [ended(), ended({ sandbox: 't.2' })],
      ['no-second-live-attempt'],
    ],
    [
      'killed by nobody',
      'TASK_KILLED',
      record({ state: 'TASK_KILLED' }),
      [ended()],
      ['one-final-state'],
    ],
  ] as const)('%s', (_, state, made, runs, expected) => {
    const found = violations();
    const records = new TaskRecords();
    records.byKey.set(made.key, made);
    const processes = new ProcessTruth(found, { ...total, cpus: 100 });
    for (const each of runs) processes.started(each);
    const truth = { stateOf: () => state } as unknown as TaskTruth;
    checkTasks(records, truth, processes, found);
    expect(names(found)).toEqual(expected);
  });
});

test('old-epoch-without-effect: an attempt that was ordered in an old epoch only', () => {
  const found = violations();
  const checker = new EpochChecker(found, {
    cluster: 'mz',
    runOf: () => 1,
    after: (_, run) => run(),
  });
  const text = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  checker.sent('agent1', 'mz.master.to.m2', text({ type: 'epochAccepted', epoch: 20 }));
  checker.delivered(
    'agent1',
    'mz.agent.to.a',
    text({ type: 'launch', epoch: 20, attempt: { attemptId: 'new.1' } }),
  );
  checker.started(process({ sandbox: 'new.1' }));
  expect(names(found)).toEqual([]);
  checker.delivered(
    'agent1',
    'mz.agent.to.a',
    text({ type: 'launch', epoch: 10, attempt: { attemptId: 't.1' } }),
  );
  expect(names(found)).toEqual(['old-epoch-without-effect']);
  checker.started(process());
  expect(names(found)).toHaveLength(2);
});
