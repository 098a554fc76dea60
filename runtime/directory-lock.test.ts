import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockDirectory } from './directory-lock.ts';

it.runIf(process.platform === 'linux')(
  'one process has a data directory at a time, whatever name it goes by',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesozoo-lock-'));
    const release = await lockDirectory(directory);
    await expect(
      lockDirectory(join(directory, '..', directory.split('/').at(-1) ?? '')),
    ).rejects.toMatchObject({ code: 'WRONG_DATA_DIRECTORY' });
    release();
    await new Promise((resolve) => setImmediate(resolve));
    (await lockDirectory(directory))();
    rmSync(directory, { recursive: true });
  },
);
