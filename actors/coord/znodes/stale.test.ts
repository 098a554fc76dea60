import { describe, expect, test } from 'vitest';
import { create, Driver, remove, removeStale, START_MS, set } from './testing/driver.ts';
import { znodeStates } from './znodes.ts';

function prepared() {
  const driver = new Driver();
  return { driver, session: driver.open() };
}

describe('a container', () => {
  test('goes once it has had a child and has none', () => {
    const { driver, session } = prepared();
    session.write(create('/c', { container: true }));
    expect(session.outcome(removeStale('/c'))).toBe('checked');
    session.write(create('/c/lock-', { ephemeral: true, sequential: true }));
    expect(driver.state.stale(START_MS, 10)).toEqual([]);
    expect(session.outcome(removeStale('/c'))).toBe('checked');
    session.write(remove('/c/lock-0000000000'));
    expect(driver.state.stale(START_MS, 10)).toEqual(['/c']);
    const { result, events } = session.write(removeStale('/c'));
    expect(result.kind).toBe('deleted');
    expect(events).toEqual([
      { type: 'deleted', path: '/c' },
      { type: 'childrenChanged', path: '/' },
    ]);
    expect(session.outcome(removeStale('/c'))).toBe('checked');
  });

  test('looks like a persistent node', () => {
    const { driver, session } = prepared();
    session.write(create('/c', { container: true }));
    expect(driver.state.exists('/c')?.ephemeralOwner).toBe('');
  });
});

describe('a node with a time to live', () => {
  test('goes when it was not changed for so long, and has no children', () => {
    const { driver, session } = prepared();
    session.write(create('/t', { ttlMs: 4 }));
    const changedMs = driver.wallMs + 1;
    session.write(set('/t', 'x'));
    expect(driver.state.stale(changedMs + 3, 10)).toEqual([]);
    expect(driver.state.stale(changedMs + 4, 10)).toEqual(['/t']);
    expect(session.outcome(removeStale('/t'))).toBe('checked');
    session.write(create('/t/child'));
    for (let slot = 0; slot < 4; slot++) session.write(set('/t/child', 'x'));
    expect(session.outcome(removeStale('/t'))).toBe('checked');
    session.write(remove('/t/child'));
    expect(session.outcome(removeStale('/t'))).toBe('deleted');
  });
});

test('any other node stays', () => {
  const { driver, session } = prepared();
  session.write(create('/a'));
  session.write(create('/a/b'));
  session.write(remove('/a/b'));
  expect(session.outcome(removeStale('/a'))).toBe('checked');
  expect(driver.state.exists('/a')).toBeDefined();
});

test.each([
  { container: true, ephemeral: true },
  { container: true, sequential: true },
  { container: true, ttlMs: 1 },
  { ephemeral: true, ttlMs: 1 },
  { ttlMs: 0 },
  { ttlMs: 2 ** 40 },
])('a node cannot be %o', (options) => {
  expect(prepared().session.outcome(create('/a', options))).toBe('BAD_REQUEST');
});

test('both are known again after a snapshot', () => {
  const { driver, session } = prepared();
  session.write(create('/c', { container: true }));
  session.write(create('/c/t', { ttlMs: 2 ** 40 - 1 }));
  const reader = driver.state.snapshot(1000);
  const chunks: Uint8Array[] = [];
  for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) chunks.push(chunk);
  driver.state = znodeStates.restore(chunks);
  expect(driver.state.stale(START_MS + 2 ** 41, 10)).toEqual(['/c/t']);
  expect(driver.state.stale(START_MS + 2 ** 41, 0)).toEqual([]);
  session.write(remove('/c/t'));
  expect(driver.state.stale(START_MS, 10)).toEqual(['/c']);
});
