/** What the framework of the task requests is started with. */

/** Finished tasks leave the tree when they are older or more than this; never before a task that waits for them is decided. */
export interface Retention {
  readonly timeMs: number;
  readonly count: number;
}
export const defaultRetention: Retention = { timeMs: 3_600_000, count: 10_000 };
