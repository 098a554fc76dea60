/** The form of what is published, held against the typings and the receiver of `@statelyai/inspect`. */
import { readFileSync } from 'node:fs';
import type {
  StatelyActorEvent,
  StatelyEventEvent,
  StatelyInspectionEvent,
  StatelySnapshotEvent,
} from '@statelyai/inspect';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type AnyStateNode,
  assign,
  createMachine,
  type EventObject,
  getInitialSnapshot,
  setup,
} from 'xstate';
import { charts } from '../../machines/tools/catalogue.ts';
import type {
  ActorEvent,
  EventEvent,
  InspectionEvent,
  SnapshotEvent,
} from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';
import {
  definitionOf,
  EventForm,
  encodeEvent,
  type Moment,
  STATELY_INSPECT_VERSION,
} from './form.ts';

const machine = setup({ types: { context: {} as { text: string } } }).createMachine({
  id: 'thing',
  context: { text: 'x' },
  initial: 'one',
  states: {
    one: { entry: assign({ text: () => 'y' }), on: { GO: 'two' } },
    two: { type: 'final' },
  },
});
const momentOf = (text: string): Moment => ({
  kind: 'task',
  id: 'a',
  machine,
  snapshot: machine.resolveState({ value: 'one', context: { text } }),
  sinceMs: 1,
  atMs: 2,
});
const read = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as InspectionEvent;

const idsOf = (node: AnyStateNode): string[] => [
  node.id,
  ...Object.values(node.states).flatMap(idsOf),
];

describe('the form of @statelyai/inspect', () => {
  it('is that of its typings, but for lists that cannot be written to', () => {
    type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
    expectTypeOf<Writable<EventEvent>>().toExtend<Omit<StatelyEventEvent, never>>();
    expectTypeOf<ActorEvent>().toExtend<Omit<StatelyActorEvent, 'snapshot'>>();
    expectTypeOf<ActorEvent['snapshot']['status']>().toExtend<
      NonNullable<StatelyActorEvent['snapshot']['status']>
    >();
    expectTypeOf<SnapshotEvent>().toExtend<Omit<StatelySnapshotEvent, 'snapshot'>>();
    expectTypeOf<InspectionEvent['type']>().toEqualTypeOf<StatelyInspectionEvent['type']>();
  });

  it('is that of the version which is installed', () => {
    const url = new URL('../../node_modules/@statelyai/inspect/package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(url, 'utf8')) as { version: string };
    expect(STATELY_INSPECT_VERSION).toBe(version);
  });

  it('has every field that their own inspector gives, and a machine that xstate can make again', () => {
    const event = new EventForm('master-1', 'r').actor(momentOf('x'), 'full');
    const given = ['type', 'name', 'sessionId', 'createdAt', '_version', 'rootId', 'parentId'];
    for (const field of [...given, 'id', 'definition', 'snapshot'])
      expect(event).toHaveProperty(field);
    const again = createMachine(JSON.parse(event.definition!) as object);
    expect(again.states).toHaveProperty('two');
  });

  it.each(charts.map((chart) => [chart.name, chart] as const))(
    'keeps every state of the chart %s in its definition',
    (_name, { machine: chart }) => {
      const again = createMachine(JSON.parse(definitionOf(chart)) as object);
      expect(idsOf(again.root)).toEqual(idsOf(chart.root));
    },
  );
});

describe('charts', () => {
  /** A new name here is one that is shown to everybody who inspects. */
  const shown = new Set(['attemptId', 'graceMs', 'givenUp', 'attemptsLeft', 'killRequested']);
  shown.add('failoverTimeoutMs').add('mayVote');

  it.each(charts.map((chart) => [chart.name, chart] as const))(
    'show nothing of %s that is secret',
    (_name, { machine: chart, inputs, samples }) => {
      const contexts = inputs.map((input) => getInitialSnapshot(chart, input).context as object);
      const payloads: Omit<EventObject, 'type'>[] = Object.values(samples ?? {}).flat();
      for (const each of [...contexts, ...payloads])
        expect(Object.keys(each).filter((name) => !shown.has(name))).toEqual([]);
    },
  );
});

describe('an event that is larger than a message', () => {
  const form = new EventForm('master-1', 'r');

  it('loses context and payload, with a mark', () => {
    const event = form.snapshot(
      momentOf('x'.repeat(4000)),
      { type: 'GO', why: 'y' } as EventObject,
      'full',
    );
    const whole = encodeEvent(event, 1_000_000);
    expect(read(whole)).not.toHaveProperty('cut');
    const small = encodeEvent(event, 1000);
    expect(small.length).toBeLessThanOrEqual(1000);
    expect(read(small)).toMatchObject({
      cut: true,
      event: { type: 'GO', payload: '(cut: larger than a message)' },
      snapshot: {
        status: 'active',
        value: 'one',
        since: 1,
        context: '(cut: larger than a message)',
      },
    });
  });

  it('loses its definition too when that is what is large', () => {
    const bytes = encodeEvent(form.actor(momentOf('x'), 'full'), 350);
    expect(bytes.length).toBeLessThanOrEqual(350);
    expect(read(bytes)).toMatchObject({ cut: true, sessionId: 'task.a' });
    expect(read(bytes)).not.toHaveProperty('definition');
  });

  it('is bounded even where the server takes more', () => {
    const machine = createMachine({
      context: { lists: Array(50).fill(Array(99).fill('x'.repeat(4000))) },
    });
    const moment = { ...momentOf(''), machine, snapshot: getInitialSnapshot(machine) };
    const bytes = encodeEvent(form.actor(moment, 'full'), 64 * 1024 * 1024);
    expect(bytes.length).toBeLessThanOrEqual(limits.inspectEventBytes);
    expect(read(bytes)).toMatchObject({ cut: true });
  });
});
