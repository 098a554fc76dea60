/**
 * Very many small lifecycles of one kind, for whoever inspects statecharts. They are shared snapshots (shared-chart.ts),
 * so nothing is kept of each here, and nothing done while nobody looks but asking whether somebody does.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { EnteredGroup, InspectedActor, Inspection } from './inspection.ts';

export interface GroupOptions<One> {
  readonly kind: string;
  readonly machine: AnyStateMachine;
  /** Those that there are. */
  readonly book: {
    readonly size: number;
    all(): Iterable<One>;
    get(id: never): One | undefined;
  };
  describe(one: One): {
    readonly id: string;
    readonly snapshot: AnyMachineSnapshot;
    readonly sinceMs: number;
  };
}

export class ShownGroup<One> {
  private readonly inspection: Inspection;
  private readonly options: GroupOptions<One>;
  private readonly entered: EnteredGroup;

  constructor(inspection: Inspection, options: GroupOptions<One>) {
    const { kind, book } = options;
    const inspected = (one: One) => this.inspected(one);
    this.inspection = inspection;
    this.options = options;
    this.entered = inspection.enterGroup({
      kind,
      get size() {
        return book.size;
      },
      *all() {
        for (const one of book.all()) yield inspected(one);
      },
      find(id) {
        const one = book.get(id as never);
        return one && inspected(one);
      },
    });
  }

  began(one: One): void {
    if (this.inspection.active) this.entered.began(this.inspected(one));
  }

  /** Its chart has just taken the event. */
  changed(one: One, type: string): void {
    if (this.inspection.active) this.entered.changed(this.inspected(one), { type });
  }

  /** It is not in the book any more. */
  gone(one: One): void {
    if (this.inspection.active) this.entered.gone(this.inspected(one));
  }

  leave(): void {
    this.entered.leave();
  }

  private inspected(one: One): InspectedActor {
    const { kind, machine, describe } = this.options;
    const { id, snapshot, sinceMs } = describe(one);
    return { kind, id, machine, snapshot: () => snapshot, sinceMs: () => sinceMs };
  }
}
