import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultAgentTiming } from '../../actors/agent/options.ts';
import { stopGraceMs } from './cluster.ts';
import { endLeftovers, findLeftovers } from './leftovers.ts';
import { Part, type PartDeath } from './part.ts';
import { isAlive, type RecordedProcess, signalRecorded, startOf } from './process-identity.ts';

let directory: string;
const parts: Part[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mesozoo-part-'));
});
afterEach(async () => {
  await Promise.all(parts.splice(0).map((part) => part.stop(0)));
  rmSync(directory, { recursive: true });
});

function shell(script: string, name = 'coord-1') {
  const deaths: PartDeath[] = [];
  const changes: (RecordedProcess | undefined)[] = [];
  const log = join(directory, `${name}.log`);
  const part: Part = new Part(
    { name, command: () => ['/bin/sh', '-c', script], env: { SOME: 'thing' }, log },
    { died: (death) => deaths.push(death), changed: () => changes.push(part.running) },
  );
  parts.push(part);
  part.start();
  return { part, deaths, changes, log };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a part of the cluster', () => {
  it('runs in a session of its own, with its environment and its log', async () => {
    const { part, log } = shell('echo $SOME; cut -d" " -f6 /proc/$$/stat; exec sleep 60');
    await until(() => readFileSync(log, 'utf8').split('\n').length > 2);
    expect(readFileSync(log, 'utf8')).toBe(`thing\n${part.running?.pid}\n`);
  });

  it.each([
    ['exit 70', 'exit code 70', 250],
    ['kill -9 $$', 'SIGKILL', 250],
    ['exit 78', 'exit code 78', undefined],
  ])('that ends by "%s" is told as %s', async (script, how, againInMs) => {
    const { part, deaths, log } = shell(script);
    await until(() => deaths.length > 0);
    expect(deaths[0]).toMatchObject({ part: 'coord-1', how, log });
    expect(deaths[0]?.againInMs).toBe(againInMs);
    expect(part.running).toBeUndefined();
  });

  it('is started again, after a longer wait each time', async () => {
    const { deaths } = shell('exit 1');
    await until(() => deaths.length === 3);
    expect(deaths.map(({ againInMs }) => againInMs)).toEqual([250, 500, 1000]);
    expect(deaths.map(({ inARow }) => inARow)).toEqual([1, 2, 3]);
  });

  it('is told dead, and will be started again, before anything is written about it', async () => {
    const told: string[] = [];
    const part: Part = new Part(
      {
        ...{ name: 'coord-1', env: {}, log: join(directory, 'coord-1.log') },
        command: () => ['/bin/sh', '-c', 'exit 74'],
      },
      {
        died: ({ againInMs }) => told.push(`died, again in ${againInMs}`),
        changed: () => {
          if (part.running === undefined) told.push('written');
        },
      },
    );
    parts.push(part);
    part.start();
    await until(() => told.length >= 2);
    expect(told.slice(0, 2)).toEqual(['died, again in 250', 'written']);
  });

  it('whose log cannot be opened is told dead, and tried again', () => {
    const deaths: PartDeath[] = [];
    const part = new Part(
      { name: 'x', command: () => ['/bin/true'], env: {}, log: join(directory, 'gone', 'x.log') },
      { died: (death) => deaths.push(death), changed: () => undefined },
    );
    parts.push(part);
    part.start();
    expect(deaths).toMatchObject([
      { how: expect.stringContaining('ENOENT') as string, againInMs: 250 },
    ]);
  });

  it('says why, where its last words tell', async () => {
    const words = '{"level":"fatal","message":"crashed","code":"DISK_FULL","reason":"no space"}';
    const { deaths } = shell(`echo starting; echo '${words}'; exit 74`);
    await until(() => deaths.length > 0);
    expect(deaths[0]?.why).toBe('DISK_FULL: no space');
  });

  it('that cannot be started at all is told as well', async () => {
    const deaths: PartDeath[] = [];
    const part = new Part(
      { name: 'x', command: () => ['/nowhere'], env: {}, log: join(directory, 'x.log') },
      { died: (death) => deaths.push(death), changed: () => undefined },
    );
    parts.push(part);
    part.start();
    await until(() => deaths.length > 0);
    expect(deaths[0]?.how).toContain('ENOENT');
  });

  it('is stopped without being told dead, paused or not, and killed when it does not listen', async () => {
    const { part, deaths, log } = shell("trap '' TERM; echo up; while :; do sleep 0.1; done");
    await until(() => readFileSync(log, 'utf8').includes('up'));
    part.signal('SIGSTOP');
    const running = part.running as RecordedProcess;
    await part.stop(200);
    expect(isAlive(running)).toBe(false);
    expect(deaths).toEqual([]);
  });
});

describe('what is left behind', () => {
  it('is known by pid and start time together', async () => {
    const { part } = shell('exec sleep 60');
    const { pid, startedAt } = part.running as RecordedProcess;
    expect(startOf(pid)).toBe(startedAt);
    const record = (start: string) => ({
      parts: [{ name: 'agent-1', pid, startedAt: start }],
    });
    expect(findLeftovers(record(startedAt))).toHaveLength(1);
    expect(findLeftovers(record('another'))).toEqual([]);
    expect(signalRecorded({ pid, startedAt: 'another' }, 'SIGKILL')).toBe(false);
    expect(isAlive({ pid, startedAt })).toBe(true);
  });

  it('is ended by kind: agents like a crash, so that tasks go on; the others with a SIGTERM', async () => {
    const script = 'trap "echo asked; exit 0" TERM; echo up; while :; do sleep 0.05; done';
    const [agent, coord] = [shell(script, 'agent-1'), shell(script, 'coord-1')];
    await until(() => [agent, coord].every(({ log }) => readFileSync(log, 'utf8') === 'up\n'));
    const left = [agent, coord].map(({ part }) => ({
      name: part.name,
      ...(part.running as RecordedProcess),
    }));
    await endLeftovers(left, 'tasksGoOn');
    expect(left.some(isAlive)).toBe(false);
    await until(() => agent.deaths.length > 0 && coord.deaths.length > 0);
    expect(readFileSync(agent.log, 'utf8')).toBe('up\n');
    expect(readFileSync(coord.log, 'utf8')).toBe('up\nasked\n');
  });

  it('is given the time of its kind to end in good order: an agent ends its tasks first', async () => {
    const script =
      'trap "sleep 0.3; echo ended; exit 0" TERM; echo up; while :; do sleep 0.05; done';
    const agent = shell(script, 'agent-1');
    await until(() => readFileSync(agent.log, 'utf8') === 'up\n');
    const left = [{ name: 'agent-1', ...(agent.part.running as RecordedProcess) }];
    await endLeftovers(left, 'tasksEnd', { agent: 20_000, master: 0, coord: 0, nats: 0 });
    expect(readFileSync(agent.log, 'utf8')).toBe('up\nended\n');
    const { stopGraceMaxMs, stopAcknowledgeMs } = defaultAgentTiming;
    expect(stopGraceMs.agent).toBeGreaterThan(stopGraceMaxMs + 2 * stopAcknowledgeMs);
  });
});
