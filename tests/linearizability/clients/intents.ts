/** What a client does next, by chance from the seed: mostly on few registers, so that clients meet. */
import type { SeededRandom } from '../../../simulation/random.ts';
import type { Round } from '../run/record.ts';

export type Intent =
  | {
      readonly kind: 'set';
      readonly path: string;
      readonly data: string;
      readonly expected: number;
    }
  | { readonly kind: 'read'; readonly path: string; readonly watch: boolean }
  | { readonly kind: 'sequential' };

/** Where sequential nodes are made. */
export const LINE = '/histories/line';
/** Where sessions that are to be abandoned leave their ephemeral nodes. */
export const PRESENCE = '/histories/presence';

export class Intents {
  private readonly name: string;
  private readonly random: SeededRandom;
  private readonly versions = new Map<string, number>();
  private counter = 0;

  constructor(name: string, random: SeededRandom) {
    this.name = name;
    this.random = random;
  }

  /** Up to `most` that are sent together. */
  draw(round: Round, most: number): readonly Intent[] {
    return Array.from({ length: this.random.whole(1, most) }, () => this.one(round));
  }

  /** For conditions to come. */
  seen(path: string, version: number): void {
    this.versions.set(path, version);
  }

  private one({ paths, number }: Round): Intent {
    const path = this.random.pick(paths);
    const kind = this.random.weighted({ read: 10, set: 5, condition: 5, sequential: 1 });
    if (kind === 'sequential') return { kind };
    if (kind === 'read') return { kind, path, watch: this.random.chance(0.2) };
    this.counter += 1;
    const data = `${this.name} ${number}.${this.counter}`;
    const expected = kind === 'condition' ? (this.versions.get(path) ?? 0) : -1;
    return { kind: 'set', path, data, expected };
  }
}
