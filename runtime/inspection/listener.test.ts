import { beforeEach, describe, expect, it } from 'vitest';
import type { InspectionEvent } from '../../protocol/inspection-api.ts';
import { InspectionListener } from './listener.ts';
import { Bus, doorMachine, World } from './testing/world.ts';

let world: World;
let heard: string[];
let troubles: (string | undefined)[];
let listener: InspectionListener;
beforeEach(() => {
  world = new World();
  heard = [];
  troubles = [];
  const numbers = [...Array(200).keys()];
  listener = new InspectionListener({
    transport: world.bus.transport(),
    clock: world.clock,
    random: { next: () => 0.5, bytes: (count) => new Uint8Array(count).fill(numbers.shift() ?? 0) },
    cluster: 'mz',
    heard: (event) => heard.push(inShort(event)),
    trouble: (message) => troubles.push(message),
  });
});

/** What a process would publish, but for some fields. */
function event(fields: object): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      ...{ type: '@xstate.actor', sessionId: 'master.9', process: 'master-9', id: 'r-1' },
      ...{ createdAt: '1', snapshot: { status: 'active', value: 'closed', since: 1 } },
      ...fields,
    }),
  );
}

function inShort(event: InspectionEvent): string {
  const { type, sessionId, process } = event;
  const state = 'snapshot' in event ? `${event.snapshot.value} ${event.snapshot.status}` : '';
  return `${type.slice('@xstate.'.length)} ${process} ${sessionId} ${state}`;
}

describe('a listener', () => {
  it('keeps its lease as long as it lives, and no longer', () => {
    world.door('1');
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(60_000);
    expect(heard).toEqual(['actor master-1 master.1 closed active']);
    expect(world.inspection.active).toBe(true);
    listener.end();
    world.clock.advance(10_000);
    expect(world.inspection.active).toBe(false);
  });

  it('asks for more and for less: what is no longer wanted ends by itself', () => {
    const doors = [world.door('1'), world.door('2')];
    listener.watch([{ kind: 'master', id: '1' }]);
    world.clock.advance(20);
    listener.watch([{ kind: 'master', id: '2' }]);
    world.clock.advance(11_000);
    expect(heard.splice(0)).toEqual([
      'actor master-1 master.1 closed active',
      'actor master-1 master.2 closed active',
    ]);
    for (const door of doors) door.send({ type: 'KNOCKED' });
    world.clock.advance(1);
    expect(heard).toEqual(['event master-1 master.2 ', 'snapshot master-1 master.2 closed active']);
  });

  it('tells the actors of a process that does not answer any more as stopped, once', () => {
    const other = world.process('master-2');
    world.door('1', other);
    world.door('2');
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(2_500);
    heard.length = 0;
    other.end();
    world.clock.advance(10_000);
    expect(heard).toEqual(['snapshot master-2 master.1 closed stopped']);
    expect(troubles).toEqual([]);
  });

  it('does not tell what has ended by itself as stopped when its process is gone', () => {
    const other = world.process('master-2');
    const door = world.door('1', other);
    world.door('2', other);
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(50);
    door.send({ type: 'BROKEN' });
    world.clock.advance(50);
    expect(heard.splice(0).at(-1)).toBe('snapshot master-2 master.1 broken done');
    other.end();
    world.clock.advance(10_000);
    expect(heard).toEqual(['snapshot master-2 master.2 closed stopped']);
  });

  it('tells that an actor is gone that had ended by itself before', () => {
    const group = { kind: 'master', size: 0, all: () => [], find: () => undefined };
    const entered = world.inspection.enterGroup(group);
    const snapshot = doorMachine.resolveState({ value: 'closed', context: { opened: 0 } });
    const task = { kind: 'master', id: 'x', machine: doorMachine, sinceMs: () => 0 };
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(50);
    entered.began({ ...task, snapshot: () => ({ ...snapshot, status: 'done' }) as never });
    entered.gone({ ...task, snapshot: () => snapshot });
    world.clock.advance(50);
    expect(heard).toEqual([
      'actor master-1 master.x closed done',
      'snapshot master-1 master.x closed stopped',
    ]);
  });

  it('ends what a process told before it was started anew, though it was hardly away', () => {
    const former = world.process('master-2');
    world.door('1', former);
    world.door('2', former);
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(1_500);
    heard.length = 0;
    former.end();
    world.door('1', world.process('master-2'));
    world.clock.advance(10_000);
    expect(heard).toEqual([
      'snapshot master-2 master.1 closed stopped',
      'snapshot master-2 master.2 closed stopped',
      'actor master-2 master.1 closed active',
    ]);
  });

  it('knows a new run by its events too: another listener may have asked it first', () => {
    const former = world.process('master-2');
    world.door('1', former);
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(1_500);
    heard.length = 0;
    former.end();
    world.door('2', world.process('master-2'));
    world.ask({ detail: 'list' });
    world.clock.advance(10);
    expect(heard.filter((line) => line.includes('master-2'))).toEqual([
      'snapshot master-2 master.1 closed stopped',
      'actor master-2 master.2 closed active',
    ]);
    world.clock.advance(5_000);
    expect(heard.filter((line) => line.includes('stopped'))).toHaveLength(1);
  });

  it.each([
    ['another type', Buffer.from('{"type":"@xstate.news"}')],
    ['no snapshot', event({ snapshot: undefined })],
    ['no state', event({ snapshot: { status: 'active', since: 1, value: null } })],
    ['no time', event({ createdAt: 'soon' })],
  ])('drops a message with %s, says so, and goes on', (_what, payload) => {
    world.door('1');
    const publisher = world.bus.transport();
    listener.watch([{ detail: 'list' }]);
    publisher.publish('mz.inspect.master.9', payload);
    expect(troubles).toEqual([
      expect.stringMatching(/^an event on mz\.inspect\.master\.9 is not of the form, and was drop/),
    ]);
    world.clock.advance(2_000);
    expect(troubles.at(-1)).toBeUndefined();
    expect(heard).toEqual(['actor master-1 master.1 closed active']);
    publisher.publish('mz.inspect.master.9', event({}));
    expect(heard.at(-1)).toBe('actor master-9 master.9 closed active');
  });

  it('drops what is no JSON, on the subjects of the events and on its own', () => {
    const bus = new Bus();
    const subjects: string[] = [];
    const transport = bus.transport();
    const told: (string | undefined)[] = [];
    new InspectionListener({
      transport: {
        ...transport,
        subscribe: (subject, handle) => {
          subjects.push(subject);
          return transport.subscribe(subject, handle);
        },
      },
      clock: world.clock,
      random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
      cluster: 'mz',
      heard: () => undefined,
      trouble: (message) => told.push(message),
    });
    const garbage = Buffer.from('{"type":');
    transport.publish('mz.inspect.master.9', garbage);
    transport.publish(subjects[1]!, garbage);
    expect(told).toEqual([
      expect.stringMatching(/^an event on mz\.inspect\.master\.9 .* neither JSON nor MessagePack/),
      expect.stringMatching(/^an answer .* neither JSON nor MessagePack/),
    ]);
  });

  it('has everything begun anew when a process that was taken for dead answers again', () => {
    world.door('1');
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(1);
    // Paused: it hears nothing for a while.
    world.paused = true;
    world.clock.advance(6_000);
    expect(heard.splice(0).at(-1)).toBe('snapshot master-1 master.1 closed stopped');
    world.paused = false;
    world.clock.advance(5_000);
    expect(heard).toEqual(['actor master-1 master.1 closed active']);
  });

  it('does not take the end of a former holder for that of the actor', () => {
    const [former, later] = [world.process('master-2'), world.process('master-3')];
    const group = { kind: 'master', size: 0, all: () => [], find: () => undefined };
    const snapshot = doorMachine.resolveState({ value: 'closed', context: { opened: 0 } });
    const actor = {
      kind: 'master',
      id: 'x',
      machine: doorMachine,
      snapshot: () => snapshot,
      sinceMs: () => 0,
    };
    const [one, two] = [former.enterGroup(group), later.enterGroup(group)];
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(50);
    one.began(actor);
    world.clock.advance(1);
    two.began(actor);
    world.clock.advance(1);
    one.gone(actor);
    world.clock.advance(50);
    expect(heard.filter((line) => line.includes('stopped'))).toEqual([]);
    two.gone(actor);
    world.clock.advance(50);
    expect(heard.filter((line) => line.includes('stopped'))).toHaveLength(1);
  });

  it('tells when the connection is lost, and begins anew when it is back', () => {
    world.door('1');
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(1);
    heard.length = 0;
    world.bus.connect(false);
    world.clock.advance(30_000);
    expect(heard).toEqual([]);
    world.bus.connect(true);
    world.clock.advance(100);
    expect(troubles).toEqual(['the connection to NATS is lost', undefined]);
    expect(heard[0]).toBe('actor master-1 master.1 closed active');
  });

  it('tells when nobody answers, and when it is refused', () => {
    world.inspection.end();
    listener.watch([{ detail: 'list' }]);
    world.clock.advance(2_500);
    expect(troubles).toEqual([]);
    world.clock.advance(2_500);
    expect(troubles).toEqual(['no actor answers on the subject of the inspection']);
    const again = new World();
    const refused: (string | undefined)[] = [];
    const wrong = new InspectionListener({
      transport: again.bus.transport(),
      clock: again.clock,
      random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
      cluster: 'mz',
      heard: () => undefined,
      trouble: (message) => refused.push(message),
    });
    wrong.watch([{ id: 'x' }]);
    expect(refused[0]).toContain('BAD_REQUEST: an id needs its kind');
  });
});
