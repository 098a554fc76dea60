import { expect, it } from 'vitest';
import { readable } from './readable.ts';

class Sack {
  readonly inside = new Map<unknown, unknown>([
    ['a', 1],
    [2n, new Set(['x'])],
  ]);
}
const circular: { self?: unknown; twice?: unknown[] } = {};
circular.self = circular;
const shared = { n: 1 };
circular.twice = [shared, shared];
const deep = JSON.parse('{"a":'.repeat(12) + 1 + '}'.repeat(12)) as object;

it.each([
  [undefined, '(undefined)'],
  [null, null],
  [12n, '12n'],
  [Number.NaN, '(NaN)'],
  [-0.5, -0.5],
  [Symbol('word'), '(Symbol(word))'],
  [Math.max, '(function max)'],
  [() => undefined, '(function without a name)'],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [new Date(Number.NaN), '(no date)'],
  [new Uint8Array(3), '(3 bytes)'],
  [new TypeError('no'), { name: 'TypeError', message: 'no' }],
  [new Sack(), { inside: { '(Map)': { a: 1, '"2n"': { '(Set)': ['x'] } } } }],
  [circular, { self: '(circular)', twice: [{ n: 1 }, { n: 1 }] }],
  [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
  [
    { systemSecret: 'x', password: ['y'], n: { apiToken: 1 } },
    { systemSecret: '(hidden)', password: '(hidden)', n: { apiToken: '(hidden)' } },
  ],
])('makes %o readable', (value, shown) => {
  expect(JSON.parse(JSON.stringify(readable(value)))).toEqual(shown);
});

it('cuts what is too long, too many or too deep, and says so', () => {
  expect(readable('x'.repeat(5000))).toBe(`${'x'.repeat(4096)} (cut: 904 more characters)`);
  expect((readable(Array(150).fill(0)) as unknown[]).at(-1)).toBe('(cut: 50 more)');
  const wide = Object.fromEntries(Array.from({ length: 120 }, (_, each) => [`n${each}`, each]));
  expect(readable(wide)).toMatchObject({ '(cut)': '20 more' });
  expect(JSON.stringify(readable(deep))).toContain('(cut: nested too deeply)');
  const many = Array(100).fill(Array(100).fill('y'));
  expect(JSON.stringify(readable(many)).match(/\(cut\)/g)?.length).toBeGreaterThan(10);
});
