/** The task requests of NATS clients: each endpoint with its schema and what it does. */
import type { z } from 'zod';
import { MesozooError } from '../../../protocol/errors.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import {
  type TaskReplies,
  type TaskRequest,
  type TaskRequestName,
  taskRequests,
} from '../../../protocol/task-api.ts';
import type { Route } from '../../bundled.ts';
import { explainTask, findTask } from './explain.ts';
import { freshId, idOfKey } from './identity.ts';
import { killTask } from './kill.ts';
import { listTasks } from './list.ts';
import { submitTask } from './submit.ts';
import { viewOf } from './task.ts';
import type { TasksFramework } from './tasks-framework.ts';

type Request<Name extends TaskRequestName> = z.output<(typeof taskRequests)[Name]>;

export function routesOf(framework: TasksFramework, subjects: Subjects): readonly Route[] {
  const { book, life, keeper, output, scheduler, parts } = framework;
  const { clock, random } = parts.ports;
  const route = <Name extends TaskRequestName>(
    name: Name,
    description: string,
    handle: (
      request: Request<Name>,
      respond: ((value: TaskReplies[Name]) => void) & { readonly form: 'json' | 'msgpack' },
      refuse: (error: MesozooError) => void,
    ) => void,
    refused?: Route['refused'],
  ): Route => ({
    service: 'mesozoo-tasks',
    bytesMax: limits.taskRequestBytes,
    name,
    subject: subjects.task(name),
    description,
    schema: taskRequests[name],
    handle: handle as Route['handle'],
    refused: refused ?? logRefusal(framework, name),
  });
  return [
    route(
      'submit',
      'Submits a task; answered when the tree has it.',
      (request, respond) => {
        if (parts.backlog() >= limits.operationsWaiting)
          throw new MesozooError('TOO_MANY_REQUESTS', 'too many changes wait for the quorum');
        keeper.count('submissions');
        const { id, chart } = submitTask({ clock, random, book, life }, request as TaskRequest);
        respond({ taskId: id, state: chart.state });
      },
      (input, error) => tellRefusal(framework, input, error),
    ),
    route('get', 'One task.', ({ taskId }, respond) => respond(viewOf(findTask(book, taskId)))),
    route('list', 'Tasks in pages, by filter.', (filter, respond) =>
      respond(listTasks(book, filter)),
    ),
    route('kill', 'Kills a task.', ({ taskId, graceSeconds }, respond) => {
      const task = killTask({ clock, life }, findTask(book, taskId), graceSeconds);
      respond({ taskId: task.id, state: task.chart.state });
    }),
    route('explain', 'Why a task is where it is.', ({ taskId }, respond) =>
      explainTask({ book, scheduler, clock }, findTask(book, taskId), respond),
    ),
    route('output', 'A piece of what a task has written.', (request, respond, refuse) =>
      output.read(findTask(book, request.taskId), request, respond as never, refuse),
    ),
    route('follow', 'Lease on the live output of a task.', ({ taskId }, respond, refuse) =>
      output.follow(findTask(book, taskId), respond as never, refuse),
    ),
  ];
}

/** A submission that nobody waits for: its refusal is an event, on the id that the task would have had. */
function tellRefusal(
  framework: TasksFramework,
  input: Readonly<Record<string, unknown>>,
  error: MesozooError,
): void {
  const { book, parts } = framework;
  const { clock, random } = parts.ports;
  const named = taskRequests.submit.shape.name.safeParse(input.name);
  const name = named.success ? named.data : 'refused';
  const { idempotencyKey } = input;
  const taskId =
    typeof idempotencyKey === 'string' && idempotencyKey.length > 0
      ? idOfKey(idempotencyKey)
      : freshId(name, random);
  // A task of the same key lives on: what is refused is the second request.
  const existing = book.get(taskId as TaskId);
  framework.publishEvent({
    taskId,
    name,
    state: existing?.chart.state ?? 'TASK_ERROR',
    atMs: clock.wallMs(),
    reason: 'REASON_TASK_INVALID',
    message: `${error.code}: ${error.message}`,
  });
}

function logRefusal(framework: TasksFramework, name: string): NonNullable<Route['refused']> {
  return (_, error) =>
    framework.parts.ports.log.info('request without a reply subject refused', {
      name,
      error: error.message,
    });
}
