/** The Random port over the system's generator: `bytes` are fit for secrets and passwords. */
import { randomBytes } from 'node:crypto';
import type { Random } from '../actors/actor.ts';

export const systemRandom: Random = {
  next: () => Math.random(),
  // A copy: randomBytes cuts small ones from a shared pool.
  bytes: (count) => Uint8Array.from(randomBytes(count)),
};
