/** Mesos' task states by name, with TASK_BLOCKED (dependencies) and TASK_QUEUED before TASK_STAGING. */
export const taskStates = [
  'TASK_BLOCKED',
  'TASK_QUEUED',
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_UNREACHABLE',
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_LOST',
] as const;
export type TaskState = (typeof taskStates)[number];

const finalTaskStates = [
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_LOST',
] as const satisfies readonly TaskState[];
export type FinalTaskState = (typeof finalTaskStates)[number];

export function isFinal(state: TaskState): state is FinalTaskState {
  return (finalTaskStates as readonly TaskState[]).includes(state);
}

/** Why a state was entered: Mesos' words where it has one. */
export const taskReasons = [
  'REASON_COMMAND_EXITED',
  'REASON_COMMAND_SIGNALLED',
  'REASON_LAUNCH_FAILED',
  'REASON_INSUFFICIENT_RESOURCES',
  'REASON_TASK_KILLED',
  'REASON_TASK_KILLED_DURING_LAUNCH',
  'REASON_MAX_COMPLETION_TIME_REACHED',
  'REASON_AGENT_REMOVED',
  'REASON_AGENT_DISCONNECTED',
  'REASON_AGENT_DRAINING',
  'REASON_AGENT_REREGISTERED',
  'REASON_AGENT_RESTARTED',
  'REASON_DEPENDENCY_FAILED',
  'REASON_EXIT_UNKNOWN',
  'REASON_ATTEMPT_UNKNOWN',
  'REASON_RETRY',
  'REASON_RECONCILIATION',
  'REASON_TASK_INVALID',
  'REASON_TASK_UNKNOWN',
  'REASON_INVALID_OFFERS',
  'REASON_FRAMEWORK_REMOVED',
] as const;
export type TaskReason = (typeof taskReasons)[number];

/** With these a TASK_LOST says that the agent refused the launch: the attempt never ran. */
export const refusalReasons: readonly TaskReason[] = [
  'REASON_INSUFFICIENT_RESOURCES',
  'REASON_AGENT_DRAINING',
];
