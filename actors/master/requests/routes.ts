/** What the leading master answers: each endpoint with its schema and what it does. */
import { z } from 'zod';
import { MesozooError } from '../../../protocol/errors.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import {
  type ClusterState,
  type TaskReplies,
  type TaskRequest,
  type TaskRequestName,
  taskRequests,
} from '../../../protocol/task-api.ts';
import { explainTask, findTask } from '../tasks/explain.ts';
import { freshId, idOfKey } from '../tasks/identity.ts';
import { killTask } from '../tasks/kill.ts';
import { listTasks } from '../tasks/list.ts';
import { submitTask } from '../tasks/submit.ts';
import { viewOf } from '../tasks/task.ts';
import type { Term } from '../term.ts';
import type { Route } from './door.ts';

type Request<Name extends TaskRequestName> = z.output<(typeof taskRequests)[Name]>;

export function routesOf(term: Term, subjects: Subjects): readonly Route[] {
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
    name,
    subject: subjects.task(name),
    description,
    schema: taskRequests[name],
    handle: handle as Route['handle'],
    refused: refused ?? logRefusal(term, name),
  });
  return [
    route(
      'submit',
      'Submits a task; answered when the tree has it.',
      (request, respond) => {
        if (term.writes.backlog() >= limits.operationsWaiting)
          throw new MesozooError('TOO_MANY_REQUESTS', 'too many changes wait for the quorum');
        term.metrics.count('submissions');
        const { id, chart } = submitTask(term, request as TaskRequest);
        respond({ taskId: id, state: chart.state });
      },
      (input, error) => tellRefusal(term, input, error),
    ),
    route('get', 'One task.', ({ taskId }, respond) =>
      respond(viewOf(findTask(term.book, taskId))),
    ),
    route('list', 'Tasks in pages, by filter.', (filter, respond) =>
      respond(listTasks(term.book, filter)),
    ),
    route('kill', 'Kills a task.', ({ taskId, graceSeconds }, respond) => {
      const task = killTask(term, findTask(term.book, taskId), graceSeconds);
      respond({ taskId: task.id, state: task.chart.state });
    }),
    route('explain', 'Why a task is where it is.', ({ taskId }, respond) =>
      respond(explainTask(term, findTask(term.book, taskId))),
    ),
    route('output', 'A piece of what a task has written.', (request, respond, refuse) =>
      term.relay.output(findTask(term.book, request.taskId), request, respond as never, refuse),
    ),
    route('follow', 'Lease on the live output of a task.', ({ taskId }, respond, refuse) =>
      term.relay.follow(findTask(term.book, taskId), respond as never, refuse),
    ),
    {
      name: 'state',
      subject: subjects.clusterState(),
      description: 'Agents, masters, coords and counts of tasks.',
      schema: z.strictObject({}),
      handle: ((_: unknown, respond: (value: ClusterState) => void) =>
        term.coords.ask((coords) => respond({ ...term.clusterState(), coords }))) as never,
    },
    {
      name: 'metrics',
      subject: subjects.metrics(),
      description: 'RAR, TSD, RU, TSR and counters.',
      schema: z.strictObject({}),
      handle: ((_: unknown, respond: (value: unknown) => void) =>
        respond(term.metrics.report(term.agents.views()))) as never,
    },
  ];
}

/** A submission that nobody waits for: its refusal is an event, on the id that the task would have had. */
function tellRefusal(
  term: Term,
  input: Readonly<Record<string, unknown>>,
  error: MesozooError,
): void {
  const named = taskRequests.submit.shape.name.safeParse(input.name);
  const name = named.success ? named.data : 'refused';
  const { idempotencyKey } = input;
  const taskId =
    typeof idempotencyKey === 'string' && idempotencyKey.length > 0
      ? idOfKey(idempotencyKey)
      : freshId(name, term.random);
  // A task of the same key lives on: what is refused is the second request.
  const existing = term.book.get(taskId as TaskId);
  term.publishEvent({
    taskId,
    name,
    state: existing?.chart.state ?? 'TASK_ERROR',
    atMs: term.clock.wallMs(),
    reason: 'REASON_TASK_INVALID',
    message: `${error.code}: ${error.message}`,
  });
}

function logRefusal(term: Term, name: string): NonNullable<Route['refused']> {
  return (_, error) =>
    term.log.info('request without a reply subject refused', { name, error: error.message });
}
