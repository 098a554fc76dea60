/** The list of actors at a moment: grouped by kind, counted, filtered and sorted, as rows of equal height. */
import { type Actor, type History, isEnded, type Moment, type Step } from './history.ts';
import { isLeading } from './words.ts';

export interface ActorRow {
  readonly row: 'actor';
  readonly actor: Actor;
  readonly step: Step;
  readonly leads: boolean;
  readonly ended: boolean;
}

export interface GroupRow {
  readonly row: 'group';
  readonly kind: string;
  readonly shown: number;
  readonly total: number;
  readonly living: number;
  /** Of those that are shown, in their order: what "open all" opens. */
  readonly sessionIds: readonly string[];
}

export type ListRow = ActorRow | GroupRow;

export interface ActorList {
  readonly rows: readonly ListRow[];
  readonly shown: number;
  readonly total: number;
}

/** From the quorum outwards; kinds that the page does not know come after these. */
const kindOrder = ['coordinator', 'master', 'agent', 'framework', 'launch', 'task', 'attempt'];
/** Of these there are many, and the newest matter most. */
const newestFirst = new Set(['launch', 'task', 'attempt']);
/** More charts than this side by side cannot be read. */
export const openAtOnceMax = 6;

export function listActors(
  history: History,
  moment: Moment | undefined,
  filter: string,
): ActorList {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, { rows: ActorRow[]; total: number; living: number }>();
  let total = 0;
  for (const actor of history.actors.values()) {
    const step = history.stepAt(actor, moment);
    if (step === undefined) continue;
    let group = groups.get(actor.kind);
    if (group === undefined) {
      group = { rows: [], total: 0, living: 0 };
      groups.set(actor.kind, group);
    }
    const ended = isEnded(step);
    total += 1;
    group.total += 1;
    if (!ended) group.living += 1;
    if (words.length === 0 || matches(actor, step, words))
      group.rows.push({
        row: 'actor',
        actor,
        step,
        ended,
        leads: !ended && isLeading(step.toText),
      });
  }
  const rows: ListRow[] = [];
  let shown = 0;
  for (const kind of [...groups.keys()].sort(byKind)) {
    const group = groups.get(kind)!;
    if (group.rows.length === 0) continue;
    group.rows.sort(newestFirst.has(kind) ? newestLivingFirst : byName);
    shown += group.rows.length;
    rows.push({
      row: 'group',
      kind,
      shown: group.rows.length,
      total: group.total,
      living: group.living,
      sessionIds: group.rows.slice(0, openAtOnceMax + 1).map((row) => row.actor.sessionId),
    });
    // Thousands of rows: spread arguments would meet the engine's limit.
    for (const row of group.rows) rows.push(row);
  }
  return { rows, shown, total };
}

function matches(actor: Actor, step: Step, words: readonly string[]): boolean {
  const text = `${actor.kind} ${actor.id} ${step.toText}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function byKind(one: string, other: string): number {
  const rank = (kind: string) =>
    kindOrder.includes(kind) ? kindOrder.indexOf(kind) : kindOrder.length;
  return rank(one) - rank(other) || compareNames(one, other);
}

/** The order stays the same while leaders change, so that nothing jumps under the pointer. */
function byName(one: ActorRow, other: ActorRow): number {
  return compareNames(one.actor.id, other.actor.id);
}

function newestLivingFirst(one: ActorRow, other: ActorRow): number {
  return Number(one.ended) - Number(other.ended) || other.actor.arrival - one.actor.arrival;
}

const names = new Intl.Collator('en', { numeric: true });
const compareNames = (one: string, other: string) => names.compare(one, other);
