/** What the master believes of an agent's message, and what is garbage to it. */
import { expect, test } from 'vitest';
import { pack, unpack } from '../../../protocol/codec.ts';
import { problemOf } from './messages.ts';

const common = { agentId: 'a1', reply: 'mz.agent.to.a1', epoch: 7 };
const update = {
  attemptId: 't-0123456789.m1x2y3z41.1',
  taskId: 't-0123456789',
  number: 1,
  state: 'TASK_FAILED',
  atMs: 1_700_000_000_000.5,
  reason: 'REASON_COMMAND_EXITED',
  message: undefined,
  exitCode: 1,
  signal: undefined,
};
const total = { cpus: 0.5, mem: 10, disk: 0, gpus: 0, ports: [[31000, 31009]] };
const info = { agentId: 'a1', hostname: 'h', version: '1', attributes: { rack: 'r' }, total };
const report = {
  attemptId: update.attemptId,
  taskId: update.taskId,
  state: 'TASK_STAGING',
  resources: total,
  unacknowledged: [update],
};
const register = { ...common, type: 'register', info, attempts: [report] };
const output = { agentId: 'a1', reply: 'r', type: 'outputRead', requestId: '1', found: true };

test.each<[object]>([
  [register],
  [{ ...common, type: 'epochAccepted' }],
  [{ ...common, type: 'pong' }],
  [{ ...common, type: 'status', update }],
  [{ ...common, type: 'status', update: { ...update, attemptId: 'old.1', taskId: 'old' } }],
  [{ ...common, type: 'usage', cpus: 1.5, memMiB: 3, attempts: [] }],
  [{ ...common, type: 'refused', order: 'kill' }],
  [{ ...common, type: 'draining' }],
  [{ ...common, type: 'leaving' }],
  [{ ...output, data: new Uint8Array(3), offset: 0, size: 3 }],
  [{ ...common, type: 'following', requestId: '1', found: true, stdoutOffset: 0, stderrOffset: 0 }],
  [{ ...common, type: 'pong', later: 'versions may say more' }],
])('%j is believed', (message) => {
  expect(problemOf(unpack(pack(message)))).toBeUndefined();
});

const status = (more: object) => ({ ...common, type: 'status', update: { ...update, ...more } });
const registers = (more: object) => ({ ...register, info: { ...info, ...more } });
const reports = (more: object) => ({ ...register, attempts: [{ ...report, ...more }] });
const ports = (...ranges: unknown[]) => registers({ total: { ...total, ports: ranges } });
test.each<[unknown, string]>([
  [null, 'it is no map'],
  [[], 'it is no map'],
  [{ ...common, type: 'sing' }, 'type'],
  [{ ...common, type: 'toString' }, 'type'],
  [{ ...common, type: 'pong', agentId: 'a.>' }, 'agentId'],
  [{ ...common, type: 'pong', epoch: 'x' }, 'epoch'],
  [{ ...common, type: 'status' }, 'update'],
  [status({ attemptId: '../../x' }), 'update: an id'],
  [status({ taskId: 5 }), 'update: an id'],
  [status({ number: 0 }), 'update: number'],
  [status({ number: 1.5 }), 'update: number'],
  [status({ state: 'TASK_STAGING' }), 'update: state'],
  [status({ atMs: Number.NaN }), 'update: atMs'],
  [status({ atMs: 1e300 }), 'update: atMs'],
  [status({ reason: 'REASON_WHATEVER' }), 'update: reason'],
  [status({ message: 'x'.repeat(70_000) }), 'update: message'],
  [status({ exitCode: '0' }), 'update: exitCode'],
  [status({ signal: {} }), 'update: signal'],
  [{ ...common, type: 'usage', cpus: -1, memMiB: 0 }, 'cpus or memMiB'],
  [{ ...output, data: 'text', offset: 0, size: 3 }, 'output'],
  [{ ...register, info: undefined }, 'info'],
  [registers({ agentId: 'a2' }), 'info'],
  [registers({ attributes: { rack: 1 } }), 'info: attributes'],
  [registers({ hostname: null }), 'info: hostname or version'],
  [registers({ total: { ...total, cpus: 'many' } }), 'info: total'],
  [registers({ total: { ...total, mem: -1 } }), 'info: total'],
  [ports([5, 4]), 'info: total'],
  [ports([1, 9], [9, 12]), 'info: total'],
  [ports([1, 70_000]), 'info: total'],
  [{ ...register, attempts: {} }, 'attempts'],
  [reports({ state: 'TASK_QUEUED' }), 'attempts: a state'],
  [reports({ resources: undefined }), 'attempts: resources'],
  [reports({ unacknowledged: undefined }), 'attempts: unacknowledged'],
  [
    reports({ unacknowledged: [{ ...update, attemptId: 'b.1' }] }),
    'attempts: an update of another one',
  ],
])('%j is garbage: %s', (message, problem) => {
  expect(problemOf(message)).toBe(problem);
});
