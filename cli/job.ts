/**
 * A job: a file `{"tasks": [...]}` of task requests, in which `dependsOn` names other tasks of the file. The tasks are
 * submitted in an order in which each comes after those that it depends on, with the ids that those were given.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { MesozooError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { type SubmitInput, submitRequest } from '../protocol/task-api.ts';
import type { TaskState } from '../protocol/task-states.ts';
import { didYouMean } from './nearest.ts';

export interface JobTask {
  readonly name: string;
  readonly request: Omit<SubmitInput, 'dependsOn'>;
  /** Names of other tasks of the job. */
  readonly dependsOn: readonly string[];
}

export interface Job {
  /** Each after those that it depends on; otherwise as in the file. */
  readonly tasks: readonly JobTask[];
}

export interface SubmittedTask {
  readonly name: string;
  readonly taskId: string;
  readonly state: TaskState;
}

const jobFile = z.strictObject({
  tasks: z
    .array(z.looseObject({ name: z.string() }))
    .min(1)
    .max(limits.listPage * 20),
});
const names = z.array(z.string()).max(limits.dependenciesPerTask).default([]);

/** Throws MesozooError BAD_ARGUMENT that names the file, the task and the field. */
export function readJob(path: string): Job {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw wrong(`${path} cannot be read: ${(cause as Error).message}`, cause);
  }
  return parseJob(text, path);
}

export function parseJob(text: string, source: string): Job {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(`${source} is not JSON: ${(cause as Error).message}`, cause);
  }
  const file = jobFile.safeParse(value);
  if (!file.success) throw wrong(`${source}: ${explain(file.error)}`);
  const tasks = file.data.tasks.map((raw, index) => readTask(raw, `${source}: tasks[${index}]`));
  return { tasks: inOrder(tasks, source) };
}

/**
 * Submits every task. `run` makes the idempotency keys: the same run again finds the same tasks. A key in the file is
 * kept as it is.
 */
export async function submitJob(
  job: Job,
  run: string,
  submit: (request: SubmitInput) => Promise<{ readonly taskId: string; readonly state: TaskState }>,
): Promise<SubmittedTask[]> {
  const submitted = new Map<string, SubmittedTask>();
  for (const { name, request, dependsOn } of job.tasks) {
    const { taskId, state } = await submit({
      idempotencyKey: `${run}/${name}`,
      ...request,
      dependsOn: dependsOn.map((each) => submitted.get(each)!.taskId),
    });
    submitted.set(name, { name, taskId, state });
  }
  return [...submitted.values()];
}

function readTask(raw: Record<string, unknown>, where: string): JobTask {
  const { dependsOn, ...request } = raw;
  const parsed = submitRequest.safeParse(request);
  const named = `${where} (${JSON.stringify(raw.name)})`;
  if (!parsed.success) throw wrong(`${named}: ${explain(parsed.error)}`);
  const dependencies = names.safeParse(dependsOn);
  if (!dependencies.success) throw wrong(`${named}: dependsOn: ${explain(dependencies.error)}`);
  return {
    name: parsed.data.name,
    request: request as unknown as JobTask['request'],
    dependsOn: dependencies.data,
  };
}

/** Depth first; throws for a name that is not there, one that is there twice, and a circle. */
function inOrder(tasks: readonly JobTask[], source: string): JobTask[] {
  const byName = new Map<string, JobTask>();
  for (const task of tasks) {
    if (byName.has(task.name))
      throw wrong(`${source}: two tasks have the name "${task.name}"; names must differ`);
    byName.set(task.name, task);
  }
  const ordered: JobTask[] = [];
  const done = new Set<string>();
  const visit = (task: JobTask, path: readonly string[]) => {
    if (done.has(task.name)) return;
    if (path.includes(task.name)) {
      const circle = [...path.slice(path.indexOf(task.name)), task.name].join(' → ');
      throw wrong(`${source}: the dependencies make a circle: ${circle}`);
    }
    for (const name of task.dependsOn) {
      const dependency = byName.get(name);
      if (dependency === undefined)
        throw wrong(
          `${source}: "${task.name}" depends on "${name}", which is not in the file.${didYouMean(name, [...byName.keys()])}`,
        );
      visit(dependency, [...path, task.name]);
    }
    done.add(task.name);
    ordered.push(task);
  };
  for (const task of tasks) visit(task, []);
  return ordered;
}

function explain(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const where = issue.path.map(String).join('.');
      return where === '' ? issue.message : `${where}: ${issue.message}`;
    })
    .join('; ');
}

function wrong(message: string, cause?: unknown): MesozooError {
  return new MesozooError('BAD_ARGUMENT', message, { cause });
}
