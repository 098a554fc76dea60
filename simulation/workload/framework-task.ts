/** A task as the simulated framework launches it, within what is left of an agent's offers. */
import type { AgentOffers } from '../../actors/framework/sdk/agent-offers.ts';
import type { TaskInfoInput } from '../../actors/framework/sdk/scheduler.ts';
import { taskInfo } from '../../actors/framework/sdk/task-info.ts';
import type { SeededRandom } from '../random.ts';
import type { FrameworkTask } from './framework-records.ts';
import { taskEnvironment } from './task-client.ts';

export interface RandomTask {
  readonly info: TaskInfoInput;
  readonly record: Pick<FrameworkTask, 'taskId' | 'exitCode' | 'isTimed'>;
}

/** One that fits, now and then one that asks for more than there is; undefined where there is no room. */
export function randomTask(
  random: SeededRandom,
  taskId: string,
  agent: AgentOffers,
): RandomTask | undefined {
  const cpus = random.pick([0.5, 1, 2]);
  const mem = random.pick([64, 512, 1024]);
  const room = agent.take({ cpus, mem, ports: random.pick([0, 0, 1, 3]) });
  if (room === undefined) return undefined;
  const exitCode = random.chance(0.75) ? 0 : random.whole(1, 5);
  const timeoutSeconds = random.chance(0.1) ? 0.5 : undefined;
  const trap = random.chance(0.1) ? "trap '' TERM; " : '';
  const info = taskInfo({
    id: taskId,
    on: agent,
    resources: random.chance(0.05) ? { ...room, cpus: 100 } : room,
    command: `${trap}sleep ${random.pick([0.05, 0.3, 1, 2.5])}; exit ${exitCode}`,
    env: {
      [taskEnvironment.key]: taskId,
      [taskEnvironment.cpus]: String(cpus),
      [taskEnvironment.mem]: String(mem),
    },
    killGraceSeconds: 0.3,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  });
  return { info, record: { taskId, exitCode, isTimed: timeoutSeconds !== undefined } };
}
