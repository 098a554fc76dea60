/** Right and wrong histories, and the search against the definition. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLinearizable } from './brute-force.ts';
import { check } from './check.ts';
import type { Operation, Write } from './history.ts';

const initial = { data: '', version: 0 };
const named = { client: 'c', path: '/r' };

function read(invokedMs: number, returnedMs: number, data: string, version: number): Operation {
  return { ...named, kind: 'read', invokedMs, returnedMs, data, version };
}

/** A number: acknowledged with this version. */
function set(
  invokedMs: number,
  returnedMs: number,
  data: string,
  told: number | 'badVersion' | 'unknown',
  expected = -1,
): Operation {
  const outcome: Write['outcome'] =
    typeof told === 'number' ? { kind: 'ok', version: told } : { kind: told };
  return { ...named, kind: 'set', invokedMs, returnedMs, data, expected, outcome };
}

describe('right histories', () => {
  it.each<[string, Operation[]]>([
    ['nothing happens', []],
    ['one after another', [set(0, 1, 'a', 1), read(2, 3, 'a', 1), set(4, 5, 'b', 2, 1)]],
    ['concurrent writes in either order', [set(0, 9, 'a', 2), set(0, 9, 'b', 1)]],
    ['a read beside a write sees the old', [set(0, 9, 'a', 1), read(1, 2, '', 0)]],
    ['a read beside a write sees the new', [set(0, 9, 'a', 1), read(1, 2, 'a', 1)]],
    ['a condition that is not met', [set(0, 1, 'a', 1), set(2, 3, 'b', 'badVersion', 0)]],
    [
      'a condition that a write beside it breaks',
      [set(0, 9, 'a', 1), set(1, 2, 'b', 'badVersion', 0)],
    ],
    ['an unknown write never happens', [set(0, 1, 'a', 'unknown'), read(2, 3, '', 0)]],
    ['an unknown write has happened', [set(0, 1, 'a', 'unknown'), read(2, 3, 'a', 1)]],
    [
      'an unknown write happens long after its client has gone on',
      [
        set(0, 1, 'a', 'unknown'),
        set(2, 3, 'b', 1),
        read(4, 5, 'b', 1),
        read(6, 7, 'a', 2),
        set(8, 9, 'c', 3, 2),
      ],
    ],
    [
      'unknown writes that nobody saw fill the gap between versions',
      [set(0, 1, 'a', 'unknown'), set(0, 1, 'b', 'unknown'), set(2, 3, 'c', 3)],
    ],
    [
      'an unknown write takes effect by its condition',
      [set(0, 1, 'a', 'unknown', 0), set(2, 3, 'b', 2)],
    ],
  ])('%s', (_name, history) => {
    expect(check(history, initial)).toEqual({ kind: 'linearizable' });
    expect(isLinearizable(history, initial)).toBe(true);
  });
});

describe('wrong histories', () => {
  it.each<[string, Operation[]]>([
    ['a read of the past', [set(0, 1, 'a', 1), read(2, 3, '', 0)]],
    [
      'reads that go back beside a write',
      [set(0, 9, 'a', 1), read(1, 2, 'a', 1), read(3, 4, '', 0)],
    ],
    ['an acknowledged write is lost', [set(0, 1, 'a', 1), set(2, 3, 'b', 1)]],
    ['two winners by one condition', [set(0, 9, 'a', 1, 0), set(0, 9, 'b', 1, 0)]],
    ['a condition refused that was met', [set(0, 1, 'a', 'badVersion', 0), read(2, 3, '', 0)]],
    ['a refused write has happened', [set(0, 1, 'a', 'badVersion', 5), read(2, 3, 'a', 1)]],
    ['an acknowledged write happened twice', [set(0, 1, 'a', 1), read(2, 3, 'a', 2)]],
    ['a read of what nobody wrote', [read(0, 1, 'x', 0)]],
    ['two data of one version', [set(0, 9, 'a', 1), read(0, 9, 'b', 1)]],
    ['a read before its unknown write', [read(0, 1, 'a', 1), set(2, 3, 'a', 'unknown')]],
    ['an unknown write happens twice', [set(0, 1, 'a', 'unknown'), read(2, 3, 'a', 2)]],
    [
      'an unknown condition of a version that has passed',
      [set(0, 1, 'a', 1), set(2, 3, 'b', 'unknown', 0), read(4, 5, 'b', 2)],
    ],
    ['a version that no write made', [set(0, 1, 'a', 'unknown'), set(2, 3, 'b', 3)]],
  ])('%s', (_name, history) => {
    expect(check(history, initial)).toMatchObject({ kind: 'violation', path: '/r' });
    expect(isLinearizable(history, initial)).toBe(false);
  });
});

it('says where the order ends and what cannot follow', () => {
  const verdict = check(
    [set(0, 1, 'a', 1), set(2, 3, 'b', 2), read(4, 5, 'a', 1), read(6, 7, 'b', 2)],
    initial,
  );
  expect(verdict).toEqual({
    kind: 'violation',
    path: '/r',
    explanation: `/r: 2 operations have an order, the last of them
    0.000–1.000 c sets /r to "a": version 1
    2.000–3.000 c sets /r to "b": version 2
  after which it holds "b", version 2; none of these can follow, and one must:
    4.000–5.000 c reads /r: "a" version 1`,
  });
});

it('judges paths one by one', () => {
  const other = { ...read(2, 3, '', 0), path: '/s' };
  expect(check([set(0, 1, 'a', 1), other], initial)).toEqual({ kind: 'linearizable' });
  const wrong = { ...read(2, 3, 'x', 7), path: '/s' };
  expect(check([set(0, 1, 'a', 1), wrong], initial)).toMatchObject({ path: '/s' });
});

it('says that it does not know when it may not search on', () => {
  const history = [set(0, 1, 'a', 1), set(2, 3, 'b', 2), set(4, 5, 'c', 3)];
  expect(check(history, initial, 1)).toEqual({ kind: 'undecided', path: '/r' });
});

it('takes about one step an operation, whatever is unknown', () => {
  const history: Operation[] = [];
  let version = 0;
  for (let index = 0; index < 2_000; index += 1) {
    const atMs = index * 10;
    const isLost = index % 5 === 0;
    version += isLost && index % 10 === 0 ? 0 : 1;
    history.push(set(atMs, atMs + 25, `${index}`, isLost ? 'unknown' : version));
    if (!isLost) history.push(read(atMs + 5, atMs + 30, `${index}`, version));
  }
  expect(check(history, initial, 3 * history.length)).toEqual({ kind: 'linearizable' });
});

describe('the search and the definition', () => {
  const data = fc.constantFrom('', 'a', 'b');
  const version = fc.integer({ min: 0, max: 3 });
  const expected = fc.constantFrom(-1, -1, 0, 1, 2);
  const span = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 8 }));
  const operation = fc.oneof(
    fc.tuple(span, data, version).map(([[at, length], ...rest]) => read(at, at + length, ...rest)),
    fc
      .tuple(
        span,
        data,
        fc.oneof(version, fc.constant('unknown' as const), fc.constant('badVersion' as const)),
        expected,
      )
      .filter(([, , told, condition]) => told !== 'badVersion' || condition !== -1)
      .map(([[at, length], ...rest]) => set(at, at + length, ...rest)),
  );

  it('agree on histories of anything', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 6 }), (history) => {
        const verdict = check(history, initial).kind === 'linearizable';
        expect(verdict).toBe(isLinearizable(history, initial));
      }),
      { numRuns: 2_000 },
    );
  });

  it('agree on histories that were right before one answer was changed', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 2, maxLength: 7 }),
        fc.nat(),
        version,
        (drawn, place, wrongVersion) => {
          const history = played(drawn);
          expect(check(history, initial).kind).toBe('linearizable');
          const changed = history.map((one, index) => {
            if (index !== place % history.length) return one;
            if (one.kind === 'read') return { ...one, version: wrongVersion };
            return one.outcome.kind === 'ok'
              ? { ...one, outcome: { kind: 'ok' as const, version: wrongVersion } }
              : { ...one, outcome: { kind: 'unknown' as const } };
          });
          const verdict = check(changed, initial).kind === 'linearizable';
          expect(verdict).toBe(isLinearizable(changed, initial));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/** The drawn operations with the answers of one register that serves them in the order of their invocations. */
function played(drawn: readonly Operation[]): Operation[] {
  let register = initial;
  return [...drawn]
    .sort((a, b) => a.invokedMs - b.invokedMs)
    .map((operation) => {
      if (operation.kind === 'read') return { ...operation, ...register };
      const isMet = operation.expected === -1 || operation.expected === register.version;
      if (isMet) register = { data: operation.data, version: register.version + 1 };
      if (operation.outcome.kind === 'unknown') return operation;
      const outcome: Write['outcome'] = isMet
        ? { kind: 'ok', version: register.version }
        : { kind: 'badVersion' };
      return { ...operation, outcome };
    });
}
