import { describe, expect, it } from 'vitest';
import type { InspectionEvent } from '../../protocol/inspection-api.ts';
import { Past } from './past.ts';

let number = 0;
function event(sessionId: string, more: Record<string, unknown> = {}): InspectionEvent {
  number += 1;
  return {
    type: '@xstate.snapshot',
    sessionId,
    id: String(number),
    event: { type: 'GO' },
    snapshot: { status: 'active', value: 'a', since: 1 },
    ...more,
  } as unknown as InspectionEvent;
}
const stopped = { snapshot: { status: 'stopped', value: 'a', since: 1 } };
const done = { snapshot: { status: 'done', value: 'a', since: 1 } };

function pastOf(events: number, bytes = 1e9, actors = 100) {
  const past = new Past({ events, bytes, actors });
  const add = (text: string, given: InspectionEvent) => past.add(given, text);
  return { add, texts: () => [...past.texts()] };
}

describe('the past', () => {
  it('has the last events, and of others that are there their last word', () => {
    const { add, texts } = pastOf(2);
    add('a1', event('a'));
    add('a2', event('a'));
    add('b1', event('b'));
    add('c1', event('c'));
    expect(texts()).toEqual(['a2', 'b1', 'c1']);
  });

  it('keeps how an actor is drawn, though that was told long ago', () => {
    const { add, texts } = pastOf(1);
    add('drawn', event('a', { type: '@xstate.actor', definition: '{}' }));
    add('a2', event('a'));
    add('told again', event('a', { type: '@xstate.actor' }));
    add('b1', event('b'));
    expect(texts()).toEqual(['drawn', 'told again', 'b1']);
  });

  it('forgets who is gone when his events are forgotten', () => {
    const { add, texts } = pastOf(1);
    add('a1', event('a'));
    add('a2', event('a', stopped));
    expect(texts()).toEqual(['a2']);
    add('b1', event('b'));
    expect(texts()).toEqual(['b1']);
  });

  it('is bounded in bytes', () => {
    const { add, texts } = pastOf(1000, 25);
    for (let each = 0; each < 10; each += 1) add('0123456789', event('a', stopped));
    expect(texts()).toHaveLength(2);
  });

  it('counts the last words of actors among its bytes: first events go, then who has ended, then the others', () => {
    const { add, texts } = pastOf(1000, 45);
    add('drawn of a.', event('a', { type: '@xstate.actor', definition: '{}' }));
    add('last of a..', event('a'));
    add('last of b..', event('b', done));
    add('last of c..', event('c'));
    expect(texts()).toEqual(['drawn of a.', 'last of a..', 'last of b..', 'last of c..']);
    add('last of d..', event('d'));
    expect(texts()).toEqual(['drawn of a.', 'last of a..', 'last of c..', 'last of d..']);
    for (let each = 0; each < 100; each += 1) add('of somebody', event(`e${each}`));
    expect(texts().join('').length).toBeLessThanOrEqual(45);
    expect(texts()).not.toEqual([]);
  });

  it('is bounded in actors: those that have ended go first', () => {
    const { add, texts } = pastOf(1, 1e9, 2);
    add('a1', event('a'));
    add('b1', event('b', done));
    add('c1', event('c'));
    add('d1', event('d'));
    expect(texts()).toEqual(['c1', 'd1']);
  });

  it('stays bounded over very many events', () => {
    const { add, texts } = pastOf(100);
    for (let each = 0; each < 10_000; each += 1) add(String(each), event('a'));
    expect(texts()).toEqual(Array.from({ length: 100 }, (_, each) => String(9_900 + each)));
  });
});
