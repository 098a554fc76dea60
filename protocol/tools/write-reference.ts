/** `npm run docs`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { referencePages } from './reference.ts';

const directory = new URL('../../docs/reference/', import.meta.url);
mkdirSync(directory, { recursive: true });
for (const [name, content] of Object.entries(referencePages()))
  writeFileSync(new URL(name, directory), content);
