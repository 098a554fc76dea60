/** Every key of the page: one table, which `?` shows. */
import type { ActorRow } from '../model/actor-list.ts';
import * as store from '../store.ts';
import { filterInputId } from './actor-sidebar.ts';
import { eventLogId } from './event-log.ts';
import { nextTheme } from './theme.ts';

interface Key {
  /** As `KeyboardEvent.key` has them. */
  readonly keys: readonly string[];
  readonly shown: readonly string[];
  readonly does: string;
  readonly run: () => void;
}

export const keyGroups: readonly { readonly title: string; readonly keys: readonly Key[] }[] = [
  {
    title: 'Actors',
    keys: [
      { keys: ['j', 'ArrowDown'], shown: ['j', '↓'], does: 'next actor', run: () => mark(1) },
      { keys: ['k', 'ArrowUp'], shown: ['k', '↑'], does: 'previous actor', run: () => mark(-1) },
      {
        keys: ['Enter'],
        shown: ['Enter'],
        does: 'open its chart',
        run: () => openMarked(store.openAlone),
      },
      {
        keys: ['o'],
        shown: ['o'],
        does: 'open beside, or close',
        run: () => openMarked(toggleBeside),
      },
      { keys: ['/'], shown: ['/'], does: 'filter', run: focusFilter },
      { keys: ['Escape'], shown: ['Esc'], does: 'close the last thing opened', run: closeLast },
    ],
  },
  {
    title: 'Time',
    keys: [
      {
        keys: ['ArrowLeft', '['],
        shown: ['←', '['],
        does: 'one event back',
        run: () => store.stepBy(-1),
      },
      {
        keys: ['ArrowRight', ']'],
        shown: ['→', ']'],
        does: 'one event forward',
        run: () => store.stepBy(1),
      },
      { keys: [' '], shown: ['Space'], does: 'pause, or go on live', run: store.togglePause },
      { keys: ['l'], shown: ['l'], does: 'live', run: store.goLive },
    ],
  },
  {
    title: 'Charts',
    keys: [
      { keys: ['f'], shown: ['f'], does: 'show all of each chart', run: fitAll },
      { keys: ['x'], shown: ['x'], does: 'close all charts', run: () => store.openAll([]) },
      { keys: ['t'], shown: ['t'], does: 'light, dark, or as the system', run: nextTheme },
      { keys: ['?'], shown: ['?'], does: 'these keys', run: toggleHelp },
    ],
  },
];

const actions = new Map(
  keyGroups.flatMap(({ keys }) =>
    keys.flatMap((key) => key.keys.map((name) => [name, key.run] as const)),
  ),
);

/** In the log the arrows go along the events that it lists. */
const logActions = new Map([
  ...actions,
  ['ArrowUp', () => store.stepBy(-1)],
  ['ArrowDown', () => store.stepBy(1)],
]);

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (store.helpShown.value) {
      if (event.key === '?') toggleHelp();
      return;
    }
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (target.id === filterInputId && !isKeyOfFilter(event.key)) return;
    // What has the focus takes these itself.
    if (target instanceof HTMLButtonElement && (event.key === 'Enter' || event.key === ' ')) return;
    const isInLog = target.closest(`#${eventLogId}`) !== null;
    const action = (isInLog ? logActions : actions).get(event.key);
    if (action === undefined) return;
    event.preventDefault();
    if (target.id === filterInputId && (event.key === 'Escape' || event.key === 'Enter'))
      target.blur();
    action();
  });
}

/** While one writes into it: the list beneath is chosen from with the arrows. */
const isKeyOfFilter = (key: string) => ['ArrowDown', 'ArrowUp', 'Enter', 'Escape'].includes(key);

function mark(direction: -1 | 1): void {
  const actors = store.list.value.rows.filter((row): row is ActorRow => row.row === 'actor');
  if (actors.length === 0) return;
  const place = actors.findIndex(({ actor }) => actor.sessionId === store.marked.value);
  const next = place < 0 ? 0 : Math.min(actors.length - 1, Math.max(0, place + direction));
  store.marked.value = actors[next]!.actor.sessionId;
}

function openMarked(open: (sessionId: string) => void): void {
  const isListed = store.list.value.rows.some(
    (row) => row.row === 'actor' && row.actor.sessionId === store.marked.value,
  );
  if (!isListed) {
    store.marked.value = undefined;
    mark(1);
  }
  if (store.marked.value !== undefined) open(store.marked.value);
}

function toggleBeside(sessionId: string): void {
  if (store.open.value.includes(sessionId)) store.close(sessionId);
  else store.openBeside(sessionId);
}

function focusFilter(): void {
  const input = document.getElementById(filterInputId) as HTMLInputElement;
  input.focus();
  input.select();
}

function closeLast(): void {
  if (store.chosen.value !== undefined) store.chosen.value = undefined;
  else if (store.filter.value !== '') store.filter.value = '';
  else if (store.moment.value !== undefined) store.goLive();
  else if (store.open.value.length > 0) store.close(store.open.value.at(-1)!);
}

function fitAll(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-fit]')) button.click();
}

function toggleHelp(): void {
  store.helpShown.value = !store.helpShown.value;
}
