/**
 * The checkers of what frameworks launch and are told, shown a history with each flaw that they are for, and the same
 * one without it. Some of the flaws are planted as bugs as well (simulation/planted.test.ts).
 */
import { describe, expect, test } from 'vitest';
import { encodeEntry, encodeOperation } from '../../actors/coord/znodes/operation-codec.ts';
import type { LaunchNode } from '../../actors/master/launches/launch.ts';
import type { TaskStatus } from '../../protocol/framework-api.ts';
import type { Operation, ZnodeOperation } from '../../protocol/operations.ts';
import { NOTHING, type Resources } from '../../protocol/resources.ts';
import type { VirtualProcess } from '../processes/processes.ts';
import { Trace } from '../trace.ts';
import { Violations } from '../violations.ts';
import { FrameworkRecords } from '../workload/framework-records.ts';
import { checkDismissals, checkFrameworkTasks } from './framework-tasks.ts';
import { LaunchTruth } from './launch-truth.ts';
import type { AppliedSlot } from './truth.ts';

const total: Resources = { ...NOTHING, cpus: 4, mem: 1000, ports: [[31_000, 31_001]] };
const phases = {
  TASK_RUNNING: 'running',
  TASK_FINISHED: 'finished',
  TASK_KILLED: 'killed',
  TASK_LOST: 'lost',
} as const;
type State = keyof typeof phases;

const status = (state: State, more: Partial<TaskStatus> = {}): TaskStatus => ({
  task_id: { value: 't' },
  state,
  source: 'SOURCE_EXECUTOR',
  timestamp: 1,
  uuid: `uuid of ${state}`,
  ...more,
});
const running = status('TASK_RUNNING');
const finished = status('TASK_FINISHED', { exit_code: 0 });
const unknown: TaskStatus = {
  task_id: { value: 't' },
  state: 'TASK_LOST',
  source: 'SOURCE_MASTER',
  reason: 'REASON_TASK_UNKNOWN',
  timestamp: 1,
};

/** A tree in which the framework `f` launches, told write by write. */
class History {
  readonly violations = new Violations(new Trace(() => 0), () => 0);
  nowMs = 0;
  readonly tree = new LaunchTruth(this.violations, total, () => this.nowMs);
  readonly records = new FrameworkRecords('f', () => this.nowMs);
  private slots = 0;

  found(): readonly string[] {
    return this.violations.found.map(({ checker }) => checker);
  }

  write(kind: 'create' | 'set', attempt: string, state: State, node: Partial<LaunchNode> = {}) {
    const whole = {
      info: { task_id: { value: 't' } },
      agentId: 'a1',
      resources: { ...NOTHING, cpus: 1 },
      chart: { value: phases[state], killRequested: false },
      pending: [],
      ...node,
    };
    const data = new TextEncoder().encode(JSON.stringify(whole));
    const path = `/mesozoo/frameworks/f/tasks/${attempt}`;
    this.apply(
      kind === 'set'
        ? { kind, path, data, version: -1 }
        : { kind, path, data, acl: [], ephemeral: false, sequential: false },
    );
  }

  remove(attempt: string) {
    this.apply({ kind: 'delete', path: `/mesozoo/frameworks/f/tasks/${attempt}`, version: -1 });
  }

  private apply(operation: ZnodeOperation) {
    const body = { kind: 'multi', operations: [operation] } as const;
    const whole = {
      session: '0000000000000001',
      incarnation: 1,
      number: 1,
      tag: 0,
      identities: [],
      body,
    };
    const value = encodeEntry(1, [encodeOperation(whole as unknown as Operation)]);
    const applied = [{ repeat: false, result: { kind: 'multi', results: [] } }];
    this.slots += 1;
    this.tree.slot({ slot: this.slots, value, applied, digest: '' } as unknown as AppliedSlot);
  }
}

describe('launches in the tree', () => {
  const held = (resources: Partial<Resources>) => ({ resources: { ...NOTHING, ...resources } });
  test.each([
    ['that fit', { cpus: 3 }, { cpus: 1 }, []],
    ['that take more than there is', { cpus: 3 }, { cpus: 2 }, ['resources-once']],
    [
      'that have the same port',
      { cpus: 1, ports: [[31_000, 31_000] as const] },
      { cpus: 1, ports: [[31_000, 31_001] as const] },
      ['resources-once'],
    ],
  ])('%s', (_, first, second, expected) => {
    const history = new History();
    history.write('create', 'x.1', 'TASK_RUNNING', held(first));
    history.write('create', 'y.1', 'TASK_RUNNING', held(second));
    expect(history.found()).toEqual(expected);
  });

  test('one that has ended holds nothing, one that is gone neither', () => {
    const history = new History();
    for (const attempt of ['x.1', 'y.1', 'z.1']) {
      history.write('create', attempt, 'TASK_RUNNING', held({ cpus: 4 }));
      if (attempt === 'y.1') history.remove(attempt);
      else history.write('set', attempt, 'TASK_FINISHED', held({ cpus: 4 }));
    }
    expect(history.found()).toEqual([]);
  });

  test('one leaves its end', () => {
    const history = new History();
    history.write('create', 'x.1', 'TASK_FINISHED');
    history.write('set', 'x.1', 'TASK_FINISHED');
    expect(history.found()).toEqual([]);
    history.write('set', 'x.1', 'TASK_KILLED');
    expect(history.found()).toEqual(['launch-kept']);
  });

  test('one comes back under the same attempt', () => {
    const history = new History();
    history.write('create', 'x.1', 'TASK_FINISHED');
    history.remove('x.1');
    history.write('create', 'x.1', 'TASK_RUNNING');
    expect(history.found()).toEqual(['launch-kept']);
  });
});

describe('what a framework was told', () => {
  const process = (more: Partial<VirtualProcess> = {}): VirtualProcess => ({
    machine: 'agent1',
    sandbox: 'x.1',
    identity: { pid: 1, startedAt: '1' },
    spec: { sandbox: 'x.1', argv: [], env: { SIM_KEY: 't', SIM_CPUS: '1', SIM_MEM: '10' } },
    startedMs: 1,
    end: { kind: 'exited', exitCode: 0 },
    endedMs: 5,
    ...more,
  });
  interface Told {
    readonly decided?: readonly TaskStatus[];
    readonly told?: readonly TaskStatus[];
    readonly runs?: readonly VirtualProcess[];
    readonly launches?: number;
    /** Undefined: never. */
    readonly acknowledgedAtMs?: number | undefined;
    readonly deletedAtMs?: number;
    readonly tornDownAtMs?: number;
  }
  function history({
    decided = [running, finished],
    told = decided,
    runs = [process()],
    launches = 1,
    ...times
  }: Told): readonly string[] {
    const made = new History();
    made.records.add({ taskId: 't', exitCode: 0, isTimed: false });
    for (let number = 1; number <= launches; number++)
      made.write('create', `x.${number}`, 'TASK_RUNNING', { pending: decided });
    if (launches > 0)
      made.write('set', 'x.1', decided.at(-1)!.state as State, { pending: decided });
    made.nowMs = 10;
    for (const each of told) made.records.heard(each);
    const { acknowledgedAtMs } = 'acknowledgedAtMs' in times ? times : { acknowledgedAtMs: 20 };
    if (acknowledgedAtMs !== undefined) {
      made.nowMs = acknowledgedAtMs;
      made.records.acknowledges(decided.at(-1)!);
    }
    if (times.tornDownAtMs !== undefined) {
      made.nowMs = times.tornDownAtMs;
      made.records.tearsDown();
    }
    made.nowMs = times.deletedAtMs ?? 30;
    if (launches > 0) made.remove('x.1');
    const processes = { byKey: new Map([['t', [...runs]]]) };
    checkFrameworkTasks(made.records, made.tree, processes, made.violations);
    return made.found();
  }

  test.each<[string, Told, readonly string[]]>([
    ['all of it, and it was so', {}, []],
    ['a repeat and an answer besides', { told: [running, running, finished, finished] }, []],
    ['one that was skipped', { told: [finished] }, ['statuses-in-order']],
    ['the wrong order', { told: [finished, running] }, ['statuses-in-order']],
    [
      'one that was not decided',
      { told: [running, status('TASK_RUNNING', { uuid: 'another' }), finished] },
      ['statuses-in-order'],
    ],
    [
      'another content under the same uuid',
      { told: [{ ...running, timestamp: 2 }, finished] },
      ['statuses-in-order'],
    ],
    ['no end', { told: [running] }, ['statuses-in-order', 'one-final-state']],
    [
      'another end in an answer',
      {
        told: [
          running,
          finished,
          { ...unknown, state: 'TASK_FAILED', reason: 'REASON_RECONCILIATION' },
        ],
      },
      ['one-final-state'],
    ],
    [
      'that it is unknown, and it was there',
      { told: [running, finished, unknown] },
      ['one-final-state'],
    ],
    [
      'that it is unknown, and it was gone',
      { told: [running, finished, unknown], deletedAtMs: 10 },
      ['launch-kept'],
    ],
    ['that it is unknown, and it was', { told: [unknown], launches: 0, runs: [] }, []],
    ['that it is unknown, and it ran', { told: [unknown], launches: 0 }, ['one-final-state']],
    [
      'a launch that is gone before the end was acknowledged',
      { acknowledgedAtMs: undefined },
      ['launch-kept'],
    ],
    ['a launch that is gone a moment too soon', { acknowledgedAtMs: 31 }, ['launch-kept']],
    [
      'nothing more once it was torn down',
      { told: [running], acknowledgedAtMs: undefined, tornDownAtMs: 25 },
      [],
    ],
    ['a finish that did not happen', { runs: [] }, ['one-final-state']],
    ['killed by nobody', { decided: [running, status('TASK_KILLED')] }, ['one-final-state']],
    ['one launch of two', { launches: 2 }, ['launch-kept']],
    [
      'one start of two',
      { runs: [process(), process({ sandbox: 'x.2' })] },
      ['no-second-live-attempt'],
    ],
    [
      'an end while it runs',
      {
        decided: [running, { ...finished, state: 'TASK_LOST' }],
        runs: [process({ end: undefined } as never)],
      },
      ['no-second-live-attempt'],
    ],
  ])('%s', (_, told, expected) => {
    expect(history(told)).toEqual(expected);
  });
});

test.each([
  ['nobody', 1, [], []],
  ['another instance', 2, ['Framework failed over'], []],
  ['nobody else', 1, ['Framework failed over'], ['subscription-kept']],
] as const)('a subscription ended by %s', (_, instances, dismissals, expected) => {
  const history = new History();
  history.records.dismissals.push(...dismissals);
  checkDismissals(history.records, instances, history.violations);
  expect(history.found()).toEqual(expected);
});
