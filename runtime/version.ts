/** The version of this installation, from its package.json, and since when that is there. */
import { readFileSync, statSync } from 'node:fs';

const packageFile = new URL('../package.json', import.meta.url);

export const version: string = (
  JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
).version;

export const installedAt: Date = statSync(packageFile).mtime;
