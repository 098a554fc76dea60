import { expect, it } from 'vitest';
import { NOTHING } from '../../../protocol/resources.ts';
import { submitRequest } from '../../../protocol/task-api.ts';
import type { Task } from '../tasks/task.ts';
import { specOf } from './orders.ts';

it('an order to launch carries what the request says of user and limits', () => {
  const more = { user: 'nobody', limits: { openFiles: 64 }, killGraceSeconds: 2 };
  const request = submitRequest.parse({ name: 'n', command: 'true', ...more });
  const attempt = { attemptId: 'n-1.a.1', resources: NOTHING };
  expect(specOf({ id: 'n-1', request, attempt } as unknown as Task, 'process')).toMatchObject({
    user: 'nobody',
    limits: { openFiles: 64 },
    killGraceMs: 2000,
    argv: ['/bin/sh', '-c', 'true'],
  });
});
