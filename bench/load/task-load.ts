/** Load of task requests: submitted with a number outstanding, timed from the submission to the event of the final state. */
import { connect } from 'nats';
import { decode } from '../../protocol/codec.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { TaskEvent } from '../../protocol/task-api.ts';
import { isFinal } from '../../protocol/task-states.ts';
import { Histogram } from './histogram.ts';
import { ask } from './znode-load.ts';

export interface TaskLoadOptions {
  readonly url: string;
  readonly cluster: string;
  readonly tasks: number;
  readonly outstanding: number;
}

export interface TaskLoadResult {
  readonly tasksPerSecond: number;
  readonly latency: Histogram;
  readonly states: Readonly<Record<string, number>>;
}

export async function taskLoad(options: TaskLoadOptions): Promise<TaskLoadResult> {
  const connection = await connect({ servers: options.url });
  const subjects = subjectsOf(options.cluster);
  const latency = new Histogram();
  const states: Record<string, number> = {};
  const submittedAt = new Map<string, number>();
  const endedEarly = new Map<string, string>();
  let submitted = 0;
  let ended = 0;
  let finish: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });

  const end = (taskId: string, state: string): void => {
    latency.add(performance.now() - (submittedAt.get(taskId) as number));
    submittedAt.delete(taskId);
    states[state] = (states[state] ?? 0) + 1;
    ended++;
    if (ended === options.tasks) finish();
    else submit();
  };
  const submit = (): void => {
    if (submitted === options.tasks) return;
    submitted++;
    const sentAt = performance.now();
    ask(
      connection,
      subjects.task('submit'),
      { name: 'bench', command: 'true', resources: { cpus: 0.001, mem: 0.001 } },
      60_000,
    ).then((answer) => {
      const taskId = answer.taskId as string;
      submittedAt.set(taskId, sentAt);
      const state = endedEarly.get(taskId);
      if (state === undefined) return;
      endedEarly.delete(taskId);
      end(taskId, state);
    }, fail);
  };
  connection.subscribe(subjects.taskEvents('*'), {
    callback: (_, message) => {
      const event = decode(message.data).value as unknown as TaskEvent;
      if (!isFinal(event.state)) return;
      if (submittedAt.has(event.taskId)) end(event.taskId, event.state);
      else endedEarly.set(event.taskId, event.state);
    },
  });
  await connection.flush();
  const startedAt = performance.now();
  for (let index = 0; index < Math.min(options.outstanding, options.tasks); index++) submit();
  await finished;
  const seconds = (performance.now() - startedAt) / 1000;
  await connection.close();
  return { tasksPerSecond: options.tasks / seconds, latency, states };
}
