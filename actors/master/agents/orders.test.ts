import { expect, it } from 'vitest';
import { taskInfo } from '../../../protocol/framework-api.ts';
import { NOTHING } from '../../../protocol/resources.ts';
import type { Launch } from '../launches/launch.ts';
import { specOf } from './orders.ts';

function launchOf(more: object): Launch {
  const info = taskInfo.parse({
    name: 'n',
    task_id: { value: 'n-1.a.1' },
    agent_id: { value: 'a' },
    resources: [],
    ...more,
  });
  const resources = { ...NOTHING, ports: [[31000, 31001]] };
  const framework = { isBundled: true };
  return { framework, attemptId: 'n-1.a.1', info, resources } as unknown as Launch;
}

it('an order to launch carries what the task says of user, limits, grace and time', () => {
  const launch = launchOf({
    command: { value: 'true', user: 'nobody', environment: { variables: [{ name: 'A' }] } },
    container: {
      rlimit_info: {
        rlimits: [
          { type: 'RLMT_NOFILE', hard: 64, soft: 64 },
          { type: 'RLMT_AS', hard: 32 * 1024 * 1024 },
        ],
      },
    },
    kill_policy: { grace_period: { nanoseconds: 2e9 } },
    max_completion_time: { nanoseconds: 5e9 },
  });
  expect(specOf(launch, 'process')).toMatchObject({
    taskId: 'n-1',
    user: 'nobody',
    limits: { openFiles: 64, addressSpaceMiB: 32, fileSizeMiB: undefined },
    killGraceMs: 2000,
    timeoutMs: 5000,
    argv: ['/bin/sh', '-c', 'true'],
    env: { A: '', MESOZOO_TASK_ID: 'n-1', MESOZOO_PORTS: '31000,31001', PORT1: '31001' },
  });
});

it('without a shell the first argument is argv[0], which the program need not be told', () => {
  const command = { shell: false, value: '/bin/echo', arguments: ['echo', 'a', 'b'] };
  expect(specOf(launchOf({ command }), 'process').argv).toEqual(['/bin/echo', 'a', 'b']);
});
