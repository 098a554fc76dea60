/** The allocators there are, by the name under which the configuration chooses one. */
import type { Allocator } from './contract.ts';
import { FcfsAllocator } from './fcfs.ts';

export const allocators: Readonly<Record<'fcfs', () => Allocator>> = {
  fcfs: () => new FcfsAllocator(),
};
