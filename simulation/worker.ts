/** A child of a campaign: runs the seeds that it is sent and answers with their results. */
import { type RunOptions, run } from './run.ts';

process.on('message', (options) => {
  process.send?.(run(options as RunOptions));
});
