/** The Clock port over the process's own timers. */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../actors/actor.ts';

/** setTimeout fires at once above this: a longer wait is cut, and so far away that nobody sees the difference. */
const DELAY_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, handler) {
    const timer = setTimeout(handler, Math.min(Math.max(delayMs, 0), DELAY_MAX_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};
