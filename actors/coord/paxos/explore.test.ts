/**
 * Small worlds, explored exhaustively; the number of states is printed. `EXPLORE=long` goes on to larger ones (minutes,
 * and more than a gigabyte of memory).
 */
import { describe, expect, test } from 'vitest';
import type { PlantedBug } from '../../planted.ts';
import { explore, type World } from './explore.ts';

const small: World = {
  members: 3,
  candidates: 2,
  campaignsMax: 2,
  proposalsMax: 2,
  crashesMax: 0,
  beatsMax: 0,
  fetches: false,
  savesTakeTime: false,
  statesMax: 5_000_000,
};
/** Enough for a slow machine that does other things too: what ends these explorations is their bound on states. */
const timeoutMs = 300_000;

const worlds: readonly (readonly [string, Partial<World>])[] = [
  ['two slots, two candidates', {}],
  ['one slot, two candidates, a heartbeat', { proposalsMax: 1, beatsMax: 1 }],
  ['one slot, three campaigns, fetches', { campaignsMax: 3, proposalsMax: 1, fetches: true }],
  [
    'one slot, saves that take time, a crash at any moment',
    { proposalsMax: 1, crashesMax: 1, savesTakeTime: true },
  ],
  [
    'two slots of two members and an observer, a crash at any moment',
    { members: 2, observers: 1, crashesMax: 1 },
  ],
  // Of two members both are needed, and an observer that counted would change no majority: here it would.
  ['two slots of three members and an observer', { observers: 1 }],
];
const longWorlds: typeof worlds = [
  ['two slots, two candidates, fetches', { fetches: true }],
  ['two slots, a crash at any moment', { crashesMax: 1 }],
  [
    'one slot, saves that take time, two crashes',
    { proposalsMax: 1, crashesMax: 2, savesTakeTime: true },
  ],
  ['three slots', { proposalsMax: 3 }],
];

describe('every order of messages, losses and crashes leaves one value a slot', () => {
  test.each([...worlds, ...(process.env.EXPLORE === 'long' ? longWorlds : [])])(
    '%s',
    (name, world) => {
      const result = explore({ ...small, ...world });
      console.log(`${name}: ${result.states} states, ${result.steps} steps`);
      expect(result.violation).toBeUndefined();
      expect(result.isComplete).toBe(true);
      expect(result.decidedWorlds).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  test(
    'three slots, as far as the nearest 40,000 states reach',
    () => {
      const result = explore({ ...small, proposalsMax: 3, statesMax: 40_000 });
      console.log(`three slots, bounded: ${result.states} states, ${result.steps} steps`);
      expect(result.violation).toBeUndefined();
      expect(result.decidedWorlds).toBeGreaterThan(0);
    },
    timeoutMs,
  );
});

describe('a planted bug is found', () => {
  const crashing: Partial<World> = { candidates: 1, crashesMax: 1, savesTakeTime: true };
  test.each<[PlantedBug, Partial<World>]>([
    ['promise-before-sync', crashing],
    ['majority-counted-wrong', {}],
    ['ballots-not-compared', {}],
    ['decided-mark-under-another-ballot', { beatsMax: 1 }],
    ['promise-leaves-out-accepted-slot', {}],
    ['observer-votes', { observers: 1 }],
  ])(
    '%s',
    (bug, world) => {
      const result = explore({ ...small, ...world, planted: new Set([bug]) });
      console.log(`${bug}: found after ${result.states} states: ${result.violation?.message}`);
      expect(result.violation?.trace.length).toBeGreaterThan(0);
    },
    timeoutMs,
  );
});
