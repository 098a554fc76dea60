/** The bundled framework that runs the tasks of `mz.task.submit`. */
import type { FrameworkId } from '../../../protocol/ids.ts';

export const tasksFrameworkId = 'tasks' as FrameworkId;
