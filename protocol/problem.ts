/** Says what is wrong with a request: the field, what is expected, and what was given. */
import type { z } from 'zod';
import { MesozooError } from './errors.ts';

const SHOWN_MAX = 100;

/** UNKNOWN_FIELD before anything else: a name that is spelled wrongly also leaves the right one missing. */
export function problemOf(error: z.ZodError, input: unknown): MesozooError {
  const unknown = error.issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) {
    const names = unknown.keys.map((key) => JSON.stringify(pathName([...unknown.path, key])));
    return new MesozooError(
      'UNKNOWN_FIELD',
      `unknown field${names.length > 1 ? 's' : ''} ${names.join(', ')}`.slice(0, 1000),
    );
  }
  const issue = error.issues[0]!;
  if (issue.path.length === 0) return new MesozooError('BAD_REQUEST', issue.message);
  return new MesozooError('BAD_REQUEST', sentenceOf(issue, input));
}

function sentenceOf(issue: z.core.$ZodIssue, input: unknown): string {
  const name = JSON.stringify(pathName(issue.path));
  if (issue.code === 'invalid_key')
    return `the key ${name} is not valid: expected ${issue.issues[0]?.message}`;
  const value = valueAt(input, issue.path);
  if (value === undefined) return `the field ${name} is missing: ${expectedOf(issue)}`;
  return `the field ${name} is not valid: ${issue.message} (given: ${shown(value)})`;
}

/** "received undefined" says once more that it is missing. */
function expectedOf({ message }: z.core.$ZodIssue): string {
  return /^Invalid input: (expected .*), received undefined$/.exec(message)?.[1] ?? message;
}

function pathName(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** NaN and infinities, which MessagePack can carry, have no JSON. */
function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
