/**
 * What one leadership writes: each turn of the loop becomes one multi (or several, where a bound is met), sent in
 * order, several under way at a time.
 *
 * Every multi carries a check of the candidate's znode, so nothing is written once the leadership's session is gone.
 * What is to be told outside (replies, events, orders) goes through `afterwards` and waits until all that was
 * gathered before it is decided. A refused or uncertain write ends the leadership: `failed` is called once, and
 * nothing is told any more.
 */

import type { MesozooError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import type { Write, WriteGroup } from '../bundled.ts';
import type { CoordClient } from '../coord/client/contract.ts';

interface Flight {
  readonly effects: (() => void)[];
  decided: boolean;
}

interface Turn {
  readonly multis: Iterator<Write[]>;
  readonly effects: (() => void)[];
}

/**
 * Beyond this many multis under way the next ones are gathered into fewer, greater ones: one is decided while the other
 * is on its way. In `npm run bench -- --only tasks` on a busy machine eight gave no more tasks a second, and a longer
 * median latency.
 */
const FLIGHTS_MAX = 2;
/** Of the framing of one operation and its access control list, on top of path and data. */
const OPERATION_OVERHEAD_BYTES = 256;

export class Writes {
  private readonly client: CoordClient;
  private readonly candidate: string;
  private readonly failed: (error: MesozooError) => void;
  /** Under way, in the order of sending. */
  private readonly flights: Flight[] = [];
  /** Turns whose multis are not all sent yet. */
  private readonly turns: Turn[] = [];
  /** Effects of the turn that is being gathered. */
  private gathered: (() => void)[] = [];
  private ended = false;
  /** Multis and operations that were decided. */
  readonly counts = { multis: 0, operations: 0 };

  constructor(client: CoordClient, candidate: string, failed: (error: MesozooError) => void) {
    this.client = client;
    this.candidate = candidate;
    this.failed = failed;
  }

  /** Runs once everything that was changed before is decided; never, if the leadership ends first. */
  afterwards(effect: () => void): void {
    this.gathered.push(effect);
  }

  /** Whether a turn may be sent; otherwise go on gathering. */
  hasRoom(): boolean {
    return this.turns.length === 0 && this.flights.length < FLIGHTS_MAX;
  }

  /** Effects that wait: what bounds how many requests are taken. */
  backlog(): number {
    let count = this.gathered.length;
    for (const turn of this.turns) count += turn.effects.length;
    for (const flight of this.flights) count += flight.effects.length;
    return count;
  }

  /**
   * At the end of a turn. The effects gathered so far follow the last of the groups. Groups are taken when they are
   * sent: what a task becomes in the meantime may be written with them, and is told later.
   */
  send(groups: Iterable<WriteGroup>): void {
    this.turns.push({ multis: cut(groups), effects: this.gathered });
    this.gathered = [];
    this.goOn();
  }

  end(): void {
    this.ended = true;
    this.gathered = [];
    this.turns.length = 0;
    this.flights.length = 0;
  }

  private goOn(): void {
    while (this.turns.length > 0 && this.flights.length < FLIGHTS_MAX) {
      const { multis, effects } = this.turns[0]!;
      const next = multis.next();
      if (!next.done) {
        this.fly(next.value);
        continue;
      }
      this.turns.shift();
      const last = this.flights.at(-1);
      if (last === undefined) run(effects);
      else for (const effect of effects) last.effects.push(effect);
    }
  }

  private fly(operations: readonly Write[]): void {
    const flight: Flight = { effects: [], decided: false };
    this.flights.push(flight);
    const check: Write = { op: 'check', path: this.candidate, version: -1 };
    this.client.request('multi', { operations: [check, ...operations] }, (answer) => {
      if (this.ended) return;
      if (!answer.ok) {
        this.end();
        this.failed(answer.error);
        return;
      }
      flight.decided = true;
      this.counts.multis += 1;
      this.counts.operations += operations.length;
      this.land();
    });
  }

  /** Effects run in the order of the writes, whatever the order of the answers. */
  private land(): void {
    while (this.flights[0]?.decided === true) {
      run(this.flights.shift()!.effects);
      if (this.ended) return;
    }
    this.goOn();
  }
}

function run(effects: readonly (() => void)[]): void {
  for (const effect of effects) effect();
}

/** Cuts at the bounds of a multi, never inside a group; one place is kept for the check. */
export function* cut(groups: Iterable<WriteGroup>): Generator<Write[]> {
  let operations: Write[] = [];
  let bytes = 0;
  for (const group of groups) {
    const size = group.reduce((sum, write) => sum + sizeOf(write), 0);
    const tooMany = operations.length + group.length > limits.multiOperations - 1;
    if (operations.length > 0 && (tooMany || bytes + size > limits.multiBytes)) {
      yield operations;
      operations = [];
      bytes = 0;
    }
    operations.push(...group);
    bytes += size;
  }
  if (operations.length > 0) yield operations;
}

function sizeOf(write: Write): number {
  const data = 'data' in write ? (write.data?.length ?? 0) : 0;
  return write.path.length + data + OPERATION_OVERHEAD_BYTES;
}
