/** Ids of tasks: derived from the idempotency key where there is one, else from the name. */
import { createHash } from 'node:crypto';
import type { AttemptId, TaskId } from '../../../protocol/ids.ts';
import type { TaskRequest } from '../../../protocol/task-api.ts';
import type { Random } from '../../actor.ts';

/** The same key makes the same id, under every leader. 64 bits tell the tasks that are kept apart; two keys of one id conflict. */
export function idOfKey(idempotencyKey: string): TaskId {
  const hash = createHash('sha256').update(idempotencyKey).digest('hex');
  return `key-${hash.slice(0, 16)}` as TaskId;
}

/** The name, readable, and 40 random bits: it need not be a secret, only new. */
export function freshId(name: string, random: Random): TaskId {
  const suffix = Math.floor(random.next() * 2 ** 40)
    .toString(16)
    .padStart(10, '0');
  return `${name.replaceAll('.', '-')}-${suffix}` as TaskId;
}

export function taskIdOf(
  request: TaskRequest,
  random: Random,
  isTaken: (id: TaskId) => boolean,
): TaskId {
  if (request.idempotencyKey !== undefined) return idOfKey(request.idempotencyKey);
  for (;;) {
    const id = freshId(request.name, random);
    if (!isTaken(id)) return id;
  }
}

/** Digits of a time in base 36, until the year 2059. */
const TIME_DIGITS = 8;

/**
 * Of the task's attempt with this number. A key's task has the same id each time, also when the one before it was
 * removed: an agent that remembers that one's attempts must not take these for them, so the submission is part of it.
 */
export function attemptIdOf(
  task: { readonly id: TaskId; readonly submittedAtMs: number; readonly order: number },
  number: number,
): AttemptId {
  const time = Math.floor(task.submittedAtMs).toString(36).padStart(TIME_DIGITS, '0');
  return `${task.id}.${time}${task.order.toString(36)}.${number}` as AttemptId;
}

/** Whether two requests, with their defaults filled in, ask for the same: the order of fields does not matter. */
export function isSameRequest(a: TaskRequest, b: TaskRequest): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)))
      : inner,
  );
}
