/** What the guide of frameworks shows is what the programs and the master have. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readEvent } from '../actors/framework/sdk/event-stream.ts';
import { frameworkCall } from '../protocol/framework-api.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const guide = read('docs/guides/frameworks.md');
const lines = [...guide.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, text]) =>
  text!.trim().split('\n'),
);
const messages = lines.map((line) => JSON.parse(line) as { type: string; sequence?: number });
const typesOf = (isEvent: boolean) =>
  messages.filter(({ sequence }) => (sequence !== undefined) === isEvent).map(({ type }) => type);

describe('docs/guides/frameworks.md', () => {
  test('shows every call, as the master takes it', () => {
    const known = frameworkCall.options.map(({ shape }) => shape.type.value);
    expect(typesOf(false).sort()).toEqual([...known].sort());
    for (const call of messages.filter(({ sequence }) => sequence === undefined))
      expect(frameworkCall.safeParse(call)).toMatchObject({ success: true });
  });

  test('shows events as the SDK reads them', () => {
    const types = ['SUBSCRIBED', 'OFFERS', 'RESCIND', 'UPDATE', 'FAILURE', 'HEARTBEAT', 'ERROR'];
    expect(typesOf(true)).toEqual(types);
    for (const line of lines.filter((each) => each.startsWith('{"sequence"')))
      expect(readEvent(new TextEncoder().encode(line)).sequence).toBeGreaterThan(0);
  });

  test('shows the first example as it is', () => {
    const example = read('examples/hello-framework.ts');
    expect(guide).toContain(example.slice(example.indexOf('import')).trimEnd());
  });

  test('names files that are there', () => {
    for (const [, path] of guide.matchAll(/\]\((\.\.\/\.\.\/[^)]+\.(?:ts|md))\)/g))
      expect(read(`docs/guides/${path}`)).not.toBe('');
  });
});
