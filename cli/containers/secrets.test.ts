import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeSecrets } from './secrets.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mesozoo-secrets-'));
  path = join(directory, '.env');
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = () => parseEnv(readFileSync(path, 'utf8'));

it('writes a secret for each role, all different, which nats-server reads as texts', () => {
  writeSecrets(path, { replace: false });
  const { MESOZOO_NATS, ...secrets } = read();
  expect(Object.keys(secrets).sort()).toEqual([
    'MESOZOO_AGENT_SECRET',
    'MESOZOO_CLIENT_SECRET',
    'MESOZOO_COORD_SECRET',
    'MESOZOO_MASTER_SECRET',
    'MESOZOO_ROUTE_SECRET',
    'MESOZOO_SYSTEM_SECRET',
  ]);
  for (const secret of Object.values(secrets)) expect(secret).toMatch(/^s_[0-9a-f]{36}$/);
  expect(new Set(Object.values(secrets)).size).toBe(6);
  expect(MESOZOO_NATS?.split(',')).toEqual(
    [4222, 4223, 4224].map(
      (port) => `nats://client:${secrets.MESOZOO_CLIENT_SECRET}@127.0.0.1:${port}`,
    ),
  );
});

it('keeps a file that is there, and its secrets, unless it is told to replace it', () => {
  writeSecrets(path, { replace: false });
  const before = read();
  expect(() => writeSecrets(path, { replace: false })).toThrow('--force');
  expect(read()).toEqual(before);
  writeSecrets(path, { replace: true });
  expect(read().MESOZOO_COORD_SECRET).not.toBe(before.MESOZOO_COORD_SECRET);
});

it('is readable by its owner alone, also where a file lay open before', () => {
  writeFileSync(path, 'x');
  chmodSync(path, 0o644);
  writeSecrets(path, { replace: true });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
