import { existsSync, mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepReadyFile } from './ready-file.ts';

let directory: string;
let path: string;
let isReady: boolean;
let end: () => void;
let failures: unknown[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  directory = mkdtempSync(join(tmpdir(), 'mesozoo-ready-'));
  path = join(directory, 'ready');
  isReady = false;
  failures = [];
  end = keepReadyFile(
    path,
    () => isReady,
    (error) => failures.push(error),
  );
});
afterEach(() => {
  end();
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

it('is no reason to stop when it cannot be written any more: that is told once', () => {
  isReady = true;
  rmSync(directory, { recursive: true });
  vi.advanceTimersByTime(3000);
  expect(failures).toHaveLength(1);
});

it('is there while the process is ready, and gone when it is not', () => {
  expect(existsSync(path)).toBe(false);
  isReady = true;
  vi.advanceTimersByTime(1000);
  expect(existsSync(path)).toBe(true);
  isReady = false;
  vi.advanceTimersByTime(1000);
  expect(existsSync(path)).toBe(false);
});

it('stays young', () => {
  isReady = true;
  vi.advanceTimersByTime(1000);
  utimesSync(path, 1, 1);
  vi.advanceTimersByTime(1000);
  expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(5000);
});

it('goes with the process', () => {
  isReady = true;
  vi.advanceTimersByTime(1000);
  end();
  vi.advanceTimersByTime(5000);
  expect(existsSync(path)).toBe(false);
});
