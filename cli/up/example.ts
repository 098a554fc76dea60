/** Runs a job of several tasks at a new cluster and shows their states and output as they happen. */
import { randomBytes } from 'node:crypto';
import type { TaskReplies } from '../../protocol/task-api.ts';
import { type Connection, connectCluster } from '../connection.ts';
import { readJob, type SubmittedTask, submitJob } from '../job.ts';
import { followTask } from '../task-stream.ts';
import { howItEnded, stateText } from '../task-words.ts';
import type { Terminal } from './terminal.ts';

/** Resolves with whether every task finished. */
export async function runExample(
  file: string,
  natsUrl: string,
  terminal: Terminal,
): Promise<boolean> {
  const job = readJob(file);
  const width = Math.max(...job.tasks.map(({ name }) => name.length));
  const connection = await connectCluster({ url: natsUrl, cluster: 'mz' });
  try {
    const run = `example-${randomBytes(4).toString('hex')}`;
    const submitted = await submitJob(job, run, (request) =>
      connection.ask<TaskReplies['submit']>(connection.subjects.task('submit'), request, {
        repeatable: true,
      }),
    );
    const finished = await Promise.all(
      submitted.map((task) => show(task, connection, width, terminal)),
    );
    return finished.every((each) => each);
  } finally {
    await connection.close();
  }
}

async function show(
  { name, taskId }: SubmittedTask,
  connection: Connection,
  width: number,
  terminal: Terminal,
): Promise<boolean> {
  const tell = (text: string) => terminal.line(`  ${name.padEnd(width)}  ${text}`);
  const lines = { stdout: new LineCutter(), stderr: new LineCutter() };
  const task = await followTask(
    connection,
    taskId,
    { streams: ['stdout', 'stderr'], untilEnd: true },
    {
      changed: (view) =>
        tell(`${stateText(view.state, terminal.coloured)} ${howItEnded(view)}`.trimEnd()),
      output: (stream, bytes) => {
        for (const line of lines[stream].add(bytes)) tell(terminal.dim(`| ${line}`));
      },
    },
  );
  for (const line of [...lines.stdout.rest(), ...lines.stderr.rest()])
    tell(terminal.dim(`| ${line}`));
  return task.state === 'TASK_FINISHED';
}

/** Whole lines out of pieces. */
class LineCutter {
  private readonly decoder = new TextDecoder();
  private begun = '';

  add(bytes: Uint8Array): string[] {
    const lines = (this.begun + this.decoder.decode(bytes, { stream: true })).split('\n');
    this.begun = lines.pop() ?? '';
    return lines;
  }

  rest(): string[] {
    return this.begun === '' ? [] : [this.begun];
  }
}
