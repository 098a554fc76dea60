import { describe, expect, test } from 'vitest';
import type { SubmitInput } from '../protocol/task-api.ts';
import { parseJob, readJob, submitJob } from './job.ts';

const file = (tasks: object[]) => JSON.stringify({ tasks });
const task = (name: string, ...dependsOn: string[]) => ({ name, command: 'true', dependsOn });

describe('a job file', () => {
  test.each([
    ['is put in order', [task('c', 'b'), task('b', 'a'), task('a')], 'a b c'],
    ['keeps its order where it may', [task('x'), task('y'), task('z', 'x')], 'x y z'],
    [
      'takes a diamond',
      [task('d', 'b', 'c'), task('b', 'a'), task('c', 'a'), task('a')],
      'a b c d',
    ],
  ])('%s', (_name, tasks, order) => {
    expect(
      parseJob(file(tasks), 'job.json')
        .tasks.map(({ name }) => name)
        .join(' '),
    ).toBe(order);
  });

  test.each([
    ['{', /^job\.json is not JSON: /],
    ['[]', /^job\.json: .*expected object/],
    ['{"tasks":[]}', /^job\.json: tasks: /],
    ['{"task":[]}', /Unrecognized key: "task"/],
    [file([{ command: 'true' }]), /tasks\.0\.name/],
    [file([{ name: 'a' }]), /tasks\[0\] \("a"\): give either command or argv/],
    [file([{ name: 'a', command: 'x', colour: 1 }]), /\("a"\): Unrecognized key: "colour"/],
    [file([{ ...task('a'), resources: { cpus: -1 } }]), /\("a"\): resources\.cpus: /],
    [file([{ ...task('a'), dependsOn: 'b' }]), /\("a"\): dependsOn: /],
    [file([task('a'), task('a')]), /two tasks have the name "a"/],
    [
      file([task('fetch'), task('b', 'fecth')]),
      /"b" depends on "fecth", which is not in the file\. Did you mean "fetch"\?/,
    ],
    [file([task('a', 'b'), task('b', 'c'), task('c', 'a')]), /a circle: a → b → c → a/],
    [file([task('a', 'a')]), /a circle: a → a/],
  ])('%s is refused with the place', (text, message) => {
    expect(() => parseJob(text, 'job.json')).toThrowError(message);
  });

  test('that is not there is named', () => {
    expect(() => readJob('/none/job.json')).toThrowError(/^\/none\/job\.json cannot be read: /);
  });
});

test('submitting gives each task the ids of those it depends on, and keys that make a repeat harmless', async () => {
  const job = parseJob(
    file([{ ...task('b', 'a') }, task('a'), { ...task('c', 'a', 'b'), idempotencyKey: 'own' }]),
    'job.json',
  );
  const requests: SubmitInput[] = [];
  const submitted = await submitJob(job, 'run1', async (request) => {
    requests.push(request);
    return { taskId: `id-${request.name}`, state: 'TASK_QUEUED' };
  });
  expect(
    requests.map(({ name, dependsOn, idempotencyKey }) => ({ name, dependsOn, idempotencyKey })),
  ).toEqual([
    { name: 'a', dependsOn: [], idempotencyKey: 'run1/a' },
    { name: 'b', dependsOn: ['id-a'], idempotencyKey: 'run1/b' },
    { name: 'c', dependsOn: ['id-a', 'id-b'], idempotencyKey: 'own' },
  ]);
  expect(submitted.map(({ name, taskId }) => `${name} ${taskId}`)).toEqual([
    'a id-a',
    'b id-b',
    'c id-c',
  ]);
});

test('the example is a job', () => {
  const path = new URL('../examples/hello.json', import.meta.url).pathname;
  expect(readJob(path).tasks.map(({ name }) => name)).toEqual([
    'fetch-north',
    'fetch-east',
    'fetch-south',
    'combine',
    'report',
  ]);
});
