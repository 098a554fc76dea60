import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { referencePages } from './reference.ts';

test.each(Object.entries(referencePages()))(
  'docs/reference/%s says what protocol/ says (else: npm run docs)',
  (name, content) => {
    expect(readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), 'utf8')).toBe(
      content,
    );
  },
);
