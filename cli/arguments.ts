/** Reads the values of options, and says what was meant where one is wrong. */
import { InvalidArgumentError } from 'commander';
import { type TaskState, taskStates } from '../protocol/task-states.ts';
import { didYouMean } from './nearest.ts';

export function numberValue(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Expected a number that is not negative, for example 0.5.');
  return value;
}

export function wholeNumber(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

const unitMebibytes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1 / 1024,
  m: 1,
  g: 1024,
  t: 1024 * 1024,
};

/** `512` and `512m` are MiB, `1.5g` is 1536. */
export function sizeMebibytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null)
    throw new InvalidArgumentError('Expected a size such as 512 (MiB), 64m or 1.5g.');
  return Number(match[1]) * unitMebibytes[match[2]!.toLowerCase()]!;
}

const unitSeconds: Readonly<Record<string, number>> = {
  '': 1,
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** `90`, `90s`, `1.5h`. */
export function seconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  if (match === null) throw new InvalidArgumentError('Expected a time such as 30, 90s, 5m or 1h.');
  return Number(match[1]) * unitSeconds[match[2] ?? '']!;
}

/** Collects `K=V`; `K` alone takes the value from the environment. */
export function environment(
  env: Readonly<Record<string, string | undefined>>,
): (text: string, before?: Record<string, string>) => Record<string, string> {
  return (text, before = {}) => {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new InvalidArgumentError('Expected NAME=VALUE, for example GREETING=hello.');
    const value = equals < 0 ? env[name] : text.slice(equals + 1);
    if (value === undefined)
      throw new InvalidArgumentError(`${name} has no value here: write ${name}=VALUE.`);
    return { ...before, [name]: value };
  };
}

/** Collects values: given several times, or with commas between them. */
export function list(text: string, before: readonly string[] = []): string[] {
  const values = text.split(',').map((each) => each.trim());
  return [...before, ...values.filter((each) => each !== '')];
}

/** `running`, `TASK_RUNNING`; several with commas between them. */
export function states(text: string, before: readonly TaskState[] = []): TaskState[] {
  return [...before, ...list(text).map(stateOf)];
}

function stateOf(text: string): TaskState {
  const upper = text.toUpperCase();
  const name = upper.startsWith('TASK_') ? upper : `TASK_${upper}`;
  const found = taskStates.find((state) => state === name);
  if (found !== undefined) return found;
  const short = taskStates.map((state) => state.slice('TASK_'.length).toLowerCase());
  const meant = didYouMean(text.replace(/^task_/i, ''), short);
  throw new InvalidArgumentError(
    `There is no state "${text}".${meant} The states are ${short.join(', ')}.`,
  );
}
