import { describe, expect, test } from 'vitest';
import type { ProcessEnd, ProcessIdentity } from '../../actors/actor.ts';
import { Life } from '../life.ts';
import { World } from '../world.ts';
import { MachineProcesses } from './processes.ts';
import { readScript } from './script.ts';

describe('scripts', () => {
  test.each([
    [['/bin/sh', '-c', 'sleep 2; exit 3'], 2000, 3],
    [['/bin/sh', '-c', 'echo hi && sleep 0.5'], 500, 0],
    [['sleep', '1.5'], 1500, 0],
    [['true'], 0, 0],
    [['false'], 0, 1],
    [['no-such-program', 'x'], 0, 127],
  ] as const)('%j', (argv, sleepMs, exitCode) => {
    const script = readScript(argv);
    const slept = script.steps.reduce(
      (sum, step) => sum + (step.kind === 'sleep' ? step.ms : 0),
      0,
    );
    expect([slept, script.exitCode]).toEqual([sleepMs, exitCode]);
  });
});

function launch(command: string, seed = 1) {
  const world = new World({ seed });
  const machine = new MachineProcesses({
    machine: 'm1',
    scheduler: world.scheduler,
    random: world.random.fork('m1'),
    trace: world.trace,
  });
  const life = new Life('agent');
  const port = machine.attach(life);
  let identity: ProcessIdentity | undefined;
  port.launch({ sandbox: 't.1', argv: ['/bin/sh', '-c', command], env: {} }, (result) => {
    if ('pid' in result) identity = result;
  });
  world.runForMs(20);
  const ends: ProcessEnd[] = [];
  const watch = (by = port) => by.watch('t.1', identity!, (end) => ends.push(end));
  return { world, machine, life, port, identity: () => identity!, ends, watch };
}

test('a process runs its time, writes its output and is told to have ended once', () => {
  const { world, port, ends, watch, machine } = launch('echo hi; sleep 1; exit 3');
  watch();
  world.runForMs(500);
  expect([ends, machine.running().length]).toEqual([[], 1]);
  world.runForMs(1000);
  expect([ends, machine.running().length]).toEqual([[{ kind: 'exited', exitCode: 3 }], 0]);
  expect(new TextDecoder().decode(port.readOutput('t.1', 'stdout', 0, 100)!.bytes)).toBe('hi\n');
});

test('a process outlives its agent, whose next run learns the true end', () => {
  const { world, machine, life, ends, watch, identity } = launch('sleep 1; exit 4');
  life.end();
  world.runForMs(2000);
  const next = machine.attach(new Life('agent again'));
  expect(next.find('t.1')).toEqual(identity());
  watch(next);
  world.runForMs(10);
  expect(ends).toEqual([{ kind: 'exited', exitCode: 4 }]);
});

test.each([
  ['SIGTERM', 'sleep 9', [{ kind: 'signalled', signal: 'SIGTERM' }]],
  ['SIGTERM', "trap '' TERM; sleep 9", []],
  ['SIGKILL', "trap '' TERM; sleep 9", [{ kind: 'signalled', signal: 'SIGKILL' }]],
] as const)('%s to: %s', (signal, command, expected) => {
  const { world, port, ends, watch, identity } = launch(command);
  watch();
  port.signal(identity(), signal);
  world.runForMs(100);
  expect(ends).toEqual(expected);
});

test('a machine that loses power loses its processes without a record', () => {
  const { world, machine, ends, watch } = launch('sleep 9');
  machine.crashMachine();
  watch(machine.attach(new Life('agent again')));
  world.runForMs(10);
  expect(ends).toEqual([{ kind: 'vanished' }]);
});
