import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assertPortFree } from './nats-server.ts';
import { readUpOptions } from './options.ts';

describe('the options of up', () => {
  it('have defaults', () => {
    expect(readUpOptions({})).toEqual({
      example: true,
      data: '.mesozoo',
      masters: 2,
      agents: 3,
      portOffset: 0,
      detach: false,
      logLevel: 'info',
    });
  });

  it('say what was expected and what was given', () => {
    expect(readUpOptions({ coords: '5', agents: '0' })).toMatchObject({ coords: 5, agents: 0 });
    expect(() => readUpOptions({ portOffset: 'x', masters: '1.5' })).toThrow(
      '--masters: expected a whole number from 1 to 9 (given: 1.5); ' +
        '--port-offset: expected a whole number from 0 to 30000 (given: x)',
    );
  });

  it.each([
    ['--coords', { coords: '' }],
    ['--coords', { coords: '0' }],
    ['--coords', { coords: 'three' }],
    ['--masters', { masters: '0' }],
    ['--agents', { agents: '-1' }],
    ['--port-offset', { portOffset: '70000' }],
    ['--log-level', { logLevel: 'loud' }],
  ])('are refused by name: %s', (option, given) => {
    expect(() => readUpOptions(given)).toThrow(
      expect.objectContaining({
        code: 'BAD_ARGUMENT',
        message: expect.stringContaining(option) as string,
      }) as Error,
    );
  });
});

it('a taken port is told with the part that wanted it and what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await expect(assertPortFree(port)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringMatching(
      `NATS cannot have port ${port}.*--nats.*--port-offset`,
    ) as string,
  });
  await new Promise((resolve) => server.close(resolve));
  await assertPortFree(port);
});
