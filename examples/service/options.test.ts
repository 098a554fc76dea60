import { describe, expect, test } from 'vitest';
import { readOptions } from './options.ts';

const read = (...args: string[]) => readOptions(args, {});

describe('the command line of a service', () => {
  test('needs a name and a command; the rest has defaults', () => {
    expect(read('--name', 'web', '--', 'serve', '$PORT0')).toMatchObject({
      spec: { name: 'web', command: 'serve $PORT0', resources: { cpus: 0.1, mem: 32, ports: 1 } },
      instances: 1,
      failoverSeconds: 3600,
      cluster: 'mz',
    });
  });

  test('takes the cluster from the environment, where it is not given', () => {
    const env = { MESOZOO_CLUSTER: 'other' };
    expect(readOptions(['--name', 'web', '--teardown'], env)).toMatchObject({
      cluster: 'other',
      teardown: true,
    });
    expect(readOptions(['--name', 'web', '--cluster', 'x', '--teardown'], env)?.cluster).toBe('x');
  });

  test('wants help', () => {
    expect(read('-h')).toBeUndefined();
  });

  test.each([
    [['--', 'serve'], '--name'],
    [['--name', 'a b', '--', 'serve'], '--name'],
    [['--name', 'web'], 'a command is missing'],
    [['--name', 'web', '--instances', '-3', '--', 'x'], '--instances'],
    [['--name', 'web', '--cpus', 'many', '--', 'x'], '--cpus'],
    [['--name', 'web', '--what', '--', 'x'], '--what'],
  ])('says what is wrong with %j', (args, problem) => {
    expect(() => read(...args)).toThrow(problem);
  });
});
