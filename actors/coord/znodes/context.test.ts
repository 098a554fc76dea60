import { describe, expect, it } from 'vitest';

import { eventOf, openAcl } from './acl.ts';
import { NO_EVENTS, tell } from './context.ts';

describe('what has happened', () => {
  it('is gathered in one array: a session that ends leaves a hundred thousand events', () => {
    const context = { events: NO_EVENTS };
    tell(context, eventOf('created', '/a', openAcl), eventOf('childrenChanged', '/', openAcl));
    const gathered = context.events;
    tell(context, eventOf('dataChanged', '/a', openAcl));
    expect(context.events).toBe(gathered);
    expect(gathered.map(({ type }) => type)).toEqual(['created', 'childrenChanged', 'dataChanged']);
    expect(NO_EVENTS).toEqual([]);
  });
});
