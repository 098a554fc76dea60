import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirectory } from './data-directory.ts';
import { assertNoSupervisor, lockForSupervisor } from './leftovers.ts';
import { startOf } from './process-identity.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'mesozoo-data-'));
});
afterEach(() => rmSync(path, { recursive: true }));

describe('the data directory', () => {
  it('holds a new cluster of three coords, and the same one at the next start', () => {
    const first = new DataDirectory(path).openCluster(undefined);
    expect(first).toMatchObject({ coords: [1, 2, 3], begunCoords: [] });
    expect(new DataDirectory(path).openCluster(undefined)).toEqual(first);
    expect(new DataDirectory(path).openCluster(3)).toEqual(first);
  });

  it('remembers which coords have begun', () => {
    const data = new DataDirectory(path);
    data.markBegun(data.markBegun(data.openCluster(5), [4, 2]), [2, 5]);
    expect(data.openCluster(undefined)).toMatchObject({
      coords: [1, 2, 3, 4, 5],
      begunCoords: [2, 4, 5],
    });
  });

  it('refuses another number of coords, and says what to do', () => {
    const data = new DataDirectory(path);
    data.openCluster(3);
    expect(() => data.openCluster(5)).toThrow(/3 coords, not 5.*--data/);
  });

  it('tells what cannot be one', () => {
    const file = join(path, 'file');
    writeFileSync(file, '');
    expect(() => new DataDirectory(file).processes()).toThrow(/file cannot be read .*--data/);
  });

  it.each([
    ['another format', '{"format":9,"version":"9.0.0"}', /mesozoo 9\.0\.0 in format 9.*--data/],
    ['no format', '{}', /something else in format \?/],
    ['no JSON', 'xyz', /not readable/],
    ['a cluster without an id', '{"format":2,"version":"0.1.0"}', /clusterId.*move .* away/],
  ])('refuses data with %s, and says what to do', (_what, content, message) => {
    writeFileSync(join(path, 'cluster.json'), content);
    expect(() => new DataDirectory(path).openCluster(undefined)).toThrow(
      expect.objectContaining({
        code: 'WRONG_DATA_DIRECTORY',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
    expect(readFileSync(join(path, 'cluster.json'), 'utf8')).toBe(content);
  });

  it('makes secrets once, each beginning with a letter and an underscore, for nobody else to read', () => {
    const secrets = new DataDirectory(path).secrets();
    expect(new Set(Object.values(secrets)).size).toBe(5);
    for (const secret of Object.values(secrets)) expect(secret).toMatch(/^s_[0-9a-f]{36}$/);
    expect(statSync(join(path, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(new DataDirectory(path).secrets()).toEqual(secrets);
  });

  it.runIf(process.getuid?.() === 0)('lets tasks of other users pass, and see nothing', () => {
    new DataDirectory(path).openCluster(undefined);
    new DataDirectory(path).secrets();
    const mode = (name: string) => statSync(join(path, name)).mode & 0o777;
    expect(mode('') & 0o077).toBe(0o011);
    expect(['logs', 'cluster.json', 'secrets.json'].map((name) => mode(name) & 0o077)).toEqual([
      0, 0, 0,
    ]);
  });

  it.runIf(process.platform === 'linux')(
    'lets one supervisor begin in it, and names the other one',
    async () => {
      const data = new DataDirectory(path);
      const unlock = await lockForSupervisor(data);
      await expect(lockForSupervisor(data)).rejects.toThrow('in use by another process');
      const second = lockForSupervisor(data);
      const startedAt = startOf(process.pid) ?? '';
      data.recordProcesses({ supervisor: { pid: process.pid, startedAt }, parts: [] });
      await expect(second).rejects.toThrow(`supervisor is process ${process.pid}`);
      unlock();
    },
  );

  it('lets one supervisor work in it, and the next one after that has gone', () => {
    const data = new DataDirectory(path);
    const startedAt = startOf(process.pid) ?? '';
    data.recordProcesses({ supervisor: { pid: process.pid, startedAt }, parts: [] });
    expect(() => assertNoSupervisor(data)).toThrow(`process ${process.pid}`);
    data.recordProcesses({ supervisor: { pid: process.pid, startedAt: 'before' }, parts: [] });
    expect(() => assertNoSupervisor(data)).not.toThrow();
  });
});
