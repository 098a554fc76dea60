import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const secrets = {
  MESOZOO_COORD_SECRET: 's_c',
  MESOZOO_MASTER_SECRET: 's_m',
  MESOZOO_AGENT_SECRET: 's_a',
  MESOZOO_SYSTEM_SECRET: 's_s',
};

describe('the options of a process', () => {
  it('come from the arguments, then the environment, then defaults', () => {
    const config = readConfig('coord', ['--member', '2', '--data', '/d'], {
      ...secrets,
      MESOZOO_MEMBER: '1',
      MESOZOO_LOG_LEVEL: 'debug',
    });
    expect(config).toEqual({
      cluster: 'mz',
      nats: 'nats://127.0.0.1:4222',
      logLevel: 'debug',
      natsSecret: 's_c',
      systemSecret: 's_s',
      member: 2,
      data: '/d',
    });
  });

  it('read a bootstrap', () => {
    const args = ['--member', '1', '--data', '/d'];
    const bootstrap = ['--bootstrap-cluster', 'c-1', '--bootstrap-members', '1,2,3'];
    expect(readConfig('coord', [...args, ...bootstrap], secrets)).toMatchObject({
      bootstrapCluster: 'c-1',
      bootstrapMembers: [1, 2, 3],
    });
    expect(() => readConfig('coord', [...args, ...bootstrap.slice(2)], secrets)).toThrow(
      'together',
    );
  });

  it('give a master an id of its own at each start', () => {
    const ids = [1, 2].map(() => readConfig('master', [], secrets).id);
    expect(ids[0]).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]*-[0-9a-f]{8}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it("read an agent's resources and attributes", () => {
    const args = ['--data', '/d', '--cpus', '1.5', '--ports', '31000-31099,31200-31200'];
    const config = readConfig('agent', [...args, '--attributes', 'rack:a;zone:'], secrets);
    expect(config).toMatchObject({
      cpus: 1.5,
      ports: [
        [31000, 31099],
        [31200, 31200],
      ],
      attributes: { rack: 'a', zone: '' },
    });
  });

  it.each<[string, 'coord' | 'master' | 'agent', string[], Record<string, string>]>([
    ['--member', 'coord', ['--member', '0', '--data', '/d'], secrets],
    ['--member', 'coord', ['--data', '/d'], secrets],
    ['--colour: no such argument of a coord', 'coord', ['--colour', 'x'], secrets],
    ['MESOZOO_COORD_SECRET', 'coord', ['--member', '1', '--data', '/d'], {}],
    ['--cpus', 'agent', ['--data', '/d', '--cpus', '-1'], secrets],
    ['--cpus', 'agent', ['--data', '/d', '--cpus', 'NaN'], secrets],
    ['--ports', 'agent', ['--data', '/d', '--ports', '5-1'], secrets],
    ['must not overlap', 'agent', ['--data', '/d', '--ports', '10-20,30-40,20-25'], secrets],
    ['--ip', 'master', ['--id', 'm', '--ip', 'x'], secrets],
    ['--port', 'master', ['--id', 'm', '--port', '70000'], secrets],
    ['"--name value"', 'master', ['--id'], secrets],
    ['environment', 'master', ['--system-secret', 'x'], secrets],
  ])('are refused with BAD_ARGUMENT that names %s', (named, kind, args, env) => {
    expect(() => readConfig(kind, args, env)).toThrow(
      expect.objectContaining({
        code: 'BAD_ARGUMENT',
        message: expect.stringContaining(named) as string,
      }) as Error,
    );
  });
});
