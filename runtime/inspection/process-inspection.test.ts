import { describe, expect, it } from 'vitest';
import type { InspectedActor } from '../../actors/inspection.ts';
import { limits } from '../../protocol/limits.ts';
import { doorMachine, World } from './testing/world.ts';

describe('a lease', () => {
  it('begins with the actor as it is, and tells each transition with its event before it', () => {
    const world = new World();
    const door = world.door('1');
    expect(world.ask({})).toEqual({
      process: 'master-1',
      run: (1_000_000).toString(36),
      leaseMs: 10_000,
      actors: 1,
    });
    world.clock.advance(5);
    door.send({ type: 'OPENED', by: 'wind' });
    world.clock.advance(1);
    const [beginning, event, snapshot] = world.heard;
    expect(world.subjects).toEqual(Array(3).fill('mz.inspect.master.1'));
    expect(beginning).toMatchObject({
      type: '@xstate.actor',
      sessionId: 'master.1',
      snapshot: {
        status: 'active',
        value: 'closed',
        since: 1_000_000,
        context: { opened: 0 },
        tags: [],
      },
      process: 'master-1',
      createdAt: '1000000',
    });
    expect(JSON.parse((beginning as { definition: string }).definition)).toMatchObject({
      id: 'door',
      states: { open: { after: { closingDelay: 'closed' } } },
    });
    expect(event).toMatchObject({ type: '@xstate.event', event: { type: 'OPENED', by: 'wind' } });
    expect(snapshot).toMatchObject({
      type: '@xstate.snapshot',
      event: { type: 'OPENED', by: 'wind' },
      snapshot: { value: { open: 'ajar' }, tags: ['draughty'], since: 1_000_005 },
    });
  });

  it('tells delayed transitions, and the name of the delay', () => {
    const world = new World();
    const door = world.door('1');
    world.ask({});
    door.send({ type: 'OPENED' });
    world.clock.advance(101);
    expect(world.heard.at(-1)).toMatchObject({
      delay: 'closingDelay',
      event: { type: 'xstate.after.closingDelay.door.open' },
      snapshot: { value: 'closed' },
    });
  });

  it('for a list has no definition, no context and no payload', () => {
    const world = new World();
    const door = world.door('1');
    world.ask({ detail: 'list' });
    world.clock.advance(1);
    door.send({ type: 'OPENED', by: 'wind' });
    world.clock.advance(1);
    expect(world.heard.map((event) => ('snapshot' in event ? event.snapshot : event))).toEqual([
      { status: 'active', value: 'closed', since: 1_000_000 },
      { status: 'active', value: { open: 'ajar' }, since: 1_000_001 },
    ]);
    expect(world.heard[1]).toMatchObject({ event: { type: 'OPENED' } });
    expect(JSON.stringify(world.heard)).not.toMatch(/definition|wind|context/);
  });

  it.each([
    [{ kind: 'master', id: '1' }, 1, ['actor master.1 closed']],
    [{ kind: 'master' }, 2, ['actor master.1 closed', 'actor master.2 closed']],
    [{ kind: 'master', id: '3' }, 0, []],
    [{ kind: 'agent' }, 0, []],
  ])('for %j is for no others', (request, actors, told) => {
    const world = new World();
    const doors = [world.door('1'), world.door('2')];
    expect(world.ask(request)).toMatchObject({ actors });
    world.clock.advance(1);
    expect(world.told()).toEqual(told);
    for (const door of doors) door.send({ type: 'KNOCKED' });
    world.clock.advance(1);
    expect(world.told()).toHaveLength(2 * told.length);
  });

  it('ends by itself, and goes on while it is renewed, without a new beginning', () => {
    const world = new World();
    const door = world.door('1');
    const request = { kind: 'master', lease: 'mine' };
    world.ask(request);
    world.clock.advance(9_000);
    expect(world.told()).toEqual(['actor master.1 closed']);
    world.ask(request);
    world.clock.advance(9_000);
    expect(world.inspection.active).toBe(true);
    door.send({ type: 'KNOCKED' });
    world.clock.advance(1);
    expect(world.told()).toEqual(['event master.1 KNOCKED', 'snapshot master.1 closed']);
    world.clock.advance(1_000);
    expect(world.inspection.active).toBe(false);
    door.send({ type: 'KNOCKED' });
    world.clock.advance(1);
    expect(world.told()).toEqual([]);
  });

  it('without a word of its own begins anew at each request', () => {
    const world = new World();
    world.door('1');
    for (let time = 0; time < 3; time += 1) {
      world.ask({});
      world.clock.advance(20);
    }
    expect(world.told()).toEqual(Array(3).fill('actor master.1 closed'));
  });

  it('is for actors that come later too, and tells how they go', () => {
    const world = new World();
    world.ask({ detail: 'list' });
    world.clock.advance(1);
    const [broken, stopped] = [world.door('1'), world.door('2')];
    broken.send({ type: 'BROKEN' });
    stopped.stop();
    world.clock.advance(1);
    expect(world.told()).toEqual([
      'actor master.1 closed',
      'actor master.2 closed',
      'snapshot master.1 broken done',
      'snapshot master.2 closed stopped',
    ]);
    expect(world.ask({ detail: 'list' })).toMatchObject({ actors: 0 });
  });

  it('in full for one and as a list for all gives each what is asked for most', () => {
    const world = new World();
    const doors = [world.door('1'), world.door('2')];
    world.ask({ detail: 'list', lease: 'a' });
    world.ask({ kind: 'master', id: '2', lease: 'b' });
    world.clock.advance(20);
    world.told();
    for (const door of doors) door.send({ type: 'KNOCKED' });
    world.clock.advance(1);
    expect(world.told()).toEqual([
      'snapshot master.1 closed',
      'event master.2 KNOCKED',
      'snapshot master.2 closed',
    ]);
  });

  it('is begun anew when the connection was lost, since what was published meanwhile is gone', () => {
    const world = new World();
    const door = world.door('1');
    world.ask({ detail: 'list' });
    world.clock.advance(1);
    world.told();
    world.bus.connect(false);
    door.send({ type: 'OPENED' });
    world.clock.advance(1);
    world.bus.connect(true);
    world.clock.advance(1);
    expect(world.told()).toEqual(['actor master.1 {"open":"ajar"}']);
  });
});

describe('a request', () => {
  it.each([
    [{ kinds: 'master' }, 'UNKNOWN_FIELD', 'unknown field "kinds"'],
    [{ kind: 'nothing' }, 'BAD_REQUEST', 'the field "kind" is not valid'],
    [{ id: '1' }, 'BAD_REQUEST', 'an id needs its kind'],
    [{ kind: 'master', id: '' }, 'BAD_REQUEST', 'the field "id" is not valid'],
    [{ detail: 'all' }, 'BAD_REQUEST', 'the field "detail" is not valid'],
    [{ lease: 'a b' }, 'BAD_REQUEST', 'the field "lease" is not valid'],
    [{ id: 'x'.repeat(5000) }, 'PAYLOAD_TOO_LARGE', 'the request has'],
    [Buffer.from('{"kind'), 'BAD_REQUEST', 'neither JSON nor MessagePack'],
    [Buffer.from([0xde, 0xff]), 'BAD_REQUEST', 'neither JSON nor MessagePack'],
  ])('that is wrong is told so, as case %$', (request, code, message) => {
    const world = new World();
    const { error } = world.ask(request) as { error: { code: string; message: string } };
    expect(error).toMatchObject({ code, definite: true });
    expect(error.message).toContain(message);
    expect(world.inspection.active).toBe(false);
  });

  it('for one lease too many is refused, until others have ended', () => {
    const world = new World();
    const answers = [];
    for (let lease = 0; lease < 1000; lease += 1) answers.push(world.ask({ lease: `l${lease}` }));
    expect(answers.filter((answer) => 'error' in answer)).toHaveLength(1000 - limits.inspectLeases);
    expect(answers.at(-1)).toMatchObject({ error: { code: 'TOO_MANY_REQUESTS' } });
    world.clock.advance(limits.inspectLeaseMs);
    expect(world.ask({ lease: 'l999' })).toMatchObject({ actors: 0 });
  });

  it('of many at once costs one beginning and one more, not a thousand', () => {
    const world = new World();
    world.door('1');
    for (let lease = 0; lease < limits.inspectLeases; lease += 1)
      world.ask({ lease: `l${lease}`, detail: 'list' });
    world.clock.advance(100);
    expect(world.told()).toEqual(Array(2).fill('actor master.1 closed'));
  });
});

describe('a group of very many', () => {
  const doorAt = (id: string, value: 'open' | 'closed' = 'closed'): InspectedActor => ({
    kind: 'task',
    id,
    machine: doorMachine,
    snapshot: () => doorMachine.resolveState({ value, context: { opened: 0 } }),
    sinceMs: () => 7,
  });
  const groupOf = (count: number) => ({
    kind: 'task',
    size: count,
    *all() {
      for (let each = 0; each < count; each += 1) yield doorAt(String(each));
    },
    find: (id: string) => (Number(id) < count ? doorAt(id) : undefined),
  });

  it('is told in pages, with pauses between them', () => {
    const world = new World();
    world.inspection.enterGroup(groupOf(10_000));
    expect(world.ask({ detail: 'list' })).toMatchObject({ actors: 10_000 });
    const pages: number[] = [];
    while (pages.length < 100) {
      world.clock.advance(10);
      pages.push(world.heard.splice(0).length);
    }
    expect(Math.max(...pages)).toBeLessThanOrEqual(400);
    expect(pages.reduce((sum, page) => sum + page, 0)).toBe(10_000);
    expect(pages.indexOf(0)).toBeLessThan(60);
  });

  it('has one told at once that moves before its turn, once, and one that is asked for by id', () => {
    const world = new World();
    const entered = world.inspection.enterGroup(groupOf(1000));
    world.ask({ detail: 'list' });
    world.clock.advance(1);
    world.told();
    entered.changed(doorAt('999', 'open'), { type: 'OPENED' });
    world.clock.advance(1000);
    const told = world.told().filter((line) => line.includes('task.999'));
    expect(told).toEqual(['actor task.999 {"open":"ajar"}', 'snapshot task.999 {"open":"ajar"}']);
    world.ask({ kind: 'task', id: '17' });
    world.clock.advance(1);
    expect(world.told()).toEqual(['actor task.17 closed']);
  });

  it('tells who comes and goes', () => {
    const world = new World();
    const entered = world.inspection.enterGroup(groupOf(0));
    world.ask({ kind: 'task', detail: 'list' });
    entered.began(doorAt('new'));
    entered.gone(doorAt('old'));
    world.clock.advance(1);
    expect(world.told()).toEqual(['actor task.new closed', 'snapshot task.old closed stopped']);
  });

  it('that is quicker than it can be told of loses events, says how many, and is begun anew', () => {
    const world = new World();
    const entered = world.inspection.enterGroup(groupOf(3));
    world.ask({ detail: 'list' });
    world.clock.advance(1);
    world.heard.length = 0;
    for (let each = 0; each <= limits.inspectWaiting; each += 1)
      entered.changed(doorAt('1'), { type: 'KNOCKED' });
    world.clock.advance(100);
    expect(world.heard).toHaveLength(3);
    expect(world.heard[0]).toMatchObject({
      type: '@xstate.actor',
      dropped: limits.inspectWaiting + 1,
    });
  });

  it('that cannot be told ends the inspection for a minute, not the process', () => {
    const world = new World();
    const entered = world.inspection.enterGroup(groupOf(0));
    world.ask({});
    const snapshot = {
      get context() {
        throw new Error('broken');
      },
      tags: [],
    };
    entered.began({ ...doorAt('1'), snapshot: () => snapshot as never });
    world.clock.advance(1);
    expect(world.errors).toEqual([new Error('broken')]);
    expect(world.inspection.active).toBe(false);
    world.clock.advance(59_000);
    expect(world.ask({})).toMatchObject({ process: 'master-1', actors: 0 });
    expect(world.inspection.active).toBe(false);
    world.clock.advance(1_000);
    world.ask({});
    expect(world.inspection.active).toBe(true);
  });
});
