/**
 * What agents send, checked before the master believes it: what is not as protocol/orders.ts says changes nothing.
 * Written by hand, because a status update comes with every step of every task. Unknown fields are let pass.
 */
import { limits } from '../../../protocol/limits.ts';
import type {
  AgentInfo,
  AgentMessage,
  AttemptReport,
  StatusUpdate,
} from '../../../protocol/orders.ts';
import { scalarNames } from '../../../protocol/resources.ts';
import { taskReasons } from '../../../protocol/task-states.ts';

/** A check answers with the first thing that is wrong, or undefined. */
type Problem = string | undefined;
type Fields = Readonly<Record<string, unknown>>;

const agentIdForm = /^[A-Za-z0-9_-]{1,128}$/;
/** Nothing depends on it: attempts are found by their own ids. */
const taskIdForm = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,180}$/;
const attemptIdForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}(\.[A-Za-z0-9]{1,16}){1,2}$/;
const TEXT_MAX = 64 * 1024;
const PORT_MAX = 65_535;
/** The last moment that JavaScript's dates know. */
const TIME_MAX_MS = 8.64e15;

const attemptStates: ReadonlySet<unknown> = new Set<StatusUpdate['state']>([
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_LOST',
]);
const reasons: ReadonlySet<unknown> = new Set(taskReasons);

/** Undefined where the message is one of an agent; otherwise what is wrong with it. */
export function problemOf(message: unknown): Problem {
  if (!isFields(message)) return 'it is no map';
  const { type, agentId } = message;
  // It becomes part of a subject.
  if (!matches(agentId, agentIdForm)) return 'agentId';
  if (typeof type !== 'string' || !Object.hasOwn(bodies, type)) return 'type';
  if (type !== 'outputRead' && type !== 'following' && !isCount(message.epoch)) return 'epoch';
  return bodies[type as AgentMessage['type']](message);
}

const bodies: Readonly<Record<AgentMessage['type'], (message: Fields) => Problem>> = {
  status: ({ update }) => updateProblem(update),
  pong: () => undefined,
  epochAccepted: () => undefined,
  draining: () => undefined,
  leaving: () => undefined,
  refused: ({ order }) => (isText(order) ? undefined : 'order'),
  usage: ({ cpus, memMiB }) => (isAmount(cpus) && isAmount(memMiB) ? undefined : 'cpus or memMiB'),
  outputRead: ({ requestId, found, data, offset, size }) =>
    isText(requestId) &&
    typeof found === 'boolean' &&
    data instanceof Uint8Array &&
    isCount(offset) &&
    isCount(size)
      ? undefined
      : 'output',
  following: ({ requestId, found, stdoutOffset, stderrOffset }) =>
    isText(requestId) &&
    typeof found === 'boolean' &&
    isCount(stdoutOffset) &&
    isCount(stderrOffset)
      ? undefined
      : 'offsets',
  register: ({ agentId, info, attempts }) => {
    if (!isFields(info) || info.agentId !== agentId) return 'info';
    if (!Array.isArray(attempts)) return 'attempts';
    return infoProblem(info) ?? firstProblem(attempts, reportProblem);
  },
};

function infoProblem(info: Fields): Problem {
  const { hostname, version, attributes, total } = info satisfies {
    [Key in keyof AgentInfo]?: unknown;
  };
  if (!isText(hostname) || !isText(version)) return 'info: hostname or version';
  if (!isFields(attributes) || !Object.values(attributes).every(isText)) return 'info: attributes';
  return areResources(total) ? undefined : 'info: total';
}

function reportProblem(report: unknown): Problem {
  if (!isFields(report)) return 'attempts: one is no map';
  const { attemptId, taskId, state, resources, unacknowledged } = report satisfies {
    [Key in keyof AttemptReport]?: unknown;
  };
  if (!matches(attemptId, attemptIdForm) || !matches(taskId, taskIdForm)) return 'attempts: an id';
  if (state !== 'TASK_STAGING' && !attemptStates.has(state)) return 'attempts: a state';
  if (!areResources(resources)) return 'attempts: resources';
  if (!Array.isArray(unacknowledged)) return 'attempts: unacknowledged';
  return firstProblem(unacknowledged, (update) =>
    isFields(update) && update.attemptId !== attemptId
      ? 'attempts: an update of another one'
      : updateProblem(update),
  );
}

function updateProblem(update: unknown): Problem {
  if (!isFields(update)) return 'update';
  const { attemptId, taskId, number, state, atMs, reason, message, exitCode, signal } = update;
  if (!matches(attemptId, attemptIdForm) || !matches(taskId, taskIdForm)) return 'update: an id';
  if (!isCount(number) || number < 1) return 'update: number';
  if (!attemptStates.has(state)) return 'update: state';
  if (!isNumberIn(atMs, 0, TIME_MAX_MS)) return 'update: atMs';
  if (reason !== undefined && !reasons.has(reason)) return 'update: reason';
  if (message !== undefined && !isText(message)) return 'update: message';
  if (exitCode !== undefined && !Number.isSafeInteger(exitCode)) return 'update: exitCode';
  if (signal !== undefined && !(isText(signal) && signal.length <= 32)) return 'update: signal';
  return undefined;
}

function areResources(value: unknown): boolean {
  if (!isFields(value) || !Array.isArray(value.ports)) return false;
  for (const name of scalarNames) if (!isAmount(value[name])) return false;
  let before = -1;
  for (const range of value.ports as unknown[]) {
    if (!Array.isArray(range) || range.length !== 2) return false;
    const [first, last] = range as unknown[];
    if (!isCount(first) || !isCount(last)) return false;
    if (first <= before || last < first || last > PORT_MAX) return false;
    before = last;
  }
  return true;
}

function firstProblem(values: readonly unknown[], check: (value: unknown) => Problem): Problem {
  for (const value of values) {
    const problem = check(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function matches(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TEXT_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown): value is number {
  return isNumberIn(value, 0, limits.memMiBMax);
}

/** Not NaN either. */
function isNumberIn(value: unknown, from: number, to: number): value is number {
  return typeof value === 'number' && value >= from && value <= to;
}
