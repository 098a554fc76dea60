/** A task in Mesos' form, from what a person would write down. */
import type { Offer } from '../../../protocol/framework-api.ts';
import { toMesos } from '../../../protocol/mesos-resources.ts';
import type { Resources } from '../../../protocol/resources.ts';
import type { TaskInfoInput } from './scheduler.ts';

export interface TaskDescription {
  /** Never used before by this framework. */
  readonly id: string;
  /** For people; the id where there is none. */
  readonly name?: string;
  /** Where it is to run: an offer, or the AgentOffers that `resources` were taken from. */
  readonly on: Pick<Offer, 'agent_id'>;
  readonly resources: Resources;
  /** Run by `/bin/sh -c`. Either this or `argv`. */
  readonly command?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  /** Between SIGTERM and SIGKILL. */
  readonly killGraceSeconds?: number;
  /** From its start; it is killed then. */
  readonly timeoutSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export function taskInfo(task: TaskDescription): TaskInfoInput {
  const { killGraceSeconds, timeoutSeconds, labels } = task;
  return {
    name: task.name ?? task.id,
    task_id: { value: task.id },
    agent_id: task.on.agent_id,
    resources: toMesos(task.resources),
    command: commandOf(task),
    ...(killGraceSeconds !== undefined && {
      kill_policy: { grace_period: nanoseconds(killGraceSeconds) },
    }),
    ...(timeoutSeconds !== undefined && { max_completion_time: nanoseconds(timeoutSeconds) }),
    ...(labels && {
      labels: { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) },
    }),
  };
}

function commandOf({ command, argv, env, user }: TaskDescription): TaskInfoInput['command'] {
  const what =
    argv === undefined
      ? { shell: true, value: command ?? '' }
      : { shell: false, value: argv[0] ?? '', arguments: [...argv] };
  const variables = Object.entries(env ?? {}).map(([name, value]) => ({ name, value }));
  return {
    ...what,
    ...(variables.length > 0 && { environment: { variables } }),
    ...(user !== undefined && { user }),
  };
}

export function nanoseconds(seconds: number): { nanoseconds: number } {
  return { nanoseconds: Math.round(seconds * 1e9) };
}
