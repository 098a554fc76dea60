/** The list of actors, grouped by kind, with its filter. */
import type { VNode } from 'preact';
import type { ActorRow, GroupRow, ListRow } from '../model/actor-list.ts';
import { openAtOnceMax } from '../model/actor-list.ts';
import { isGone } from '../model/history.ts';
import { duration, innermost, shownName, toneOf } from '../model/words.ts';
import * as store from '../store.ts';
import { classes, html } from './html.ts';
import { Icon } from './icons.ts';
import { VirtualList } from './virtual-list.ts';

export const filterInputId = 'filter';
export const actorListId = 'actors';
const rowHeight = 28;

export function ActorSidebar(): VNode {
  const { rows, shown, total } = store.list.value;
  const marked = store.marked.value;
  // Read here, so that the rows that are in sight tick, and nothing else does.
  store.second.value;
  const markedIndex = rows.findIndex(
    (row) => row.row === 'actor' && row.actor.sessionId === marked,
  );
  return html`
    <nav class="actors" id=${actorListId} aria-label="Actors of the cluster">
      <label class="filter">
        <${Icon} name="search" />
        <input
          id=${filterInputId}
          type="search"
          placeholder="Filter by kind, name or state"
          aria-label="Filter actors by kind, name or state"
          autocomplete="off"
          spellcheck=${false}
          value=${store.filter.value}
          onInput=${(event: InputEvent) => {
            store.filter.value = (event.target as HTMLInputElement).value;
          }}
        />
        ${store.filter.value === '' && html`<kbd>/</kbd>`}
      </label>
      ${
        rows.length === 0
          ? html`<${NoActors} total=${total} />`
          : html`<${VirtualList}
              class="actors-list"
              label=${`${shown} of ${total} actors`}
              rowHeight=${rowHeight}
              count=${rows.length}
              markedIndex=${markedIndex}
              markedId=${markedIndex < 0 ? undefined : rowId(marked!)}
              row=${(index: number) => rowOf(rows[index]!)}
            />`
      }
      <footer class="actors-foot">
        ${shown === total ? `${counted(total)}` : `${shown.toLocaleString('en')} of ${counted(total)}`}
      </footer>
    </nav>
  `;
}

const counted = (total: number) =>
  `${total.toLocaleString('en')} ${total === 1 ? 'actor' : 'actors'}`;

const rowId = (sessionId: string) => `actor-${sessionId}`;

const rowOf = (row: ListRow) =>
  row.row === 'group'
    ? html`<${Group} key=${`group ${row.kind}`} group=${row} />`
    : html`<${Row} key=${row.actor.sessionId} row=${row} />`;

const plurals: Readonly<Record<string, string>> = {
  coordinator: 'Coordinators',
  master: 'Masters',
  agent: 'Agents',
  framework: 'Frameworks',
  task: 'Tasks',
  attempt: 'Attempts',
};

function Group({ group }: { group: GroupRow }): VNode {
  const title = plurals[group.kind] ?? group.kind;
  const count = group.shown === group.total ? group.living : group.shown;
  const mayOpen = group.shown > 1 && group.shown <= openAtOnceMax;
  return html`
    <div class="actors-group" role="presentation">
      <span class="actors-group-title">${title}</span>
      <span class="actors-group-count" title=${`${group.living} alive, ${group.total} in all`}>
        ${count.toLocaleString('en')}${count !== group.total && html`<i> / ${group.total.toLocaleString('en')}</i>`}
      </span>
      ${
        mayOpen &&
        html`<button
          class="icon-button actors-group-open"
          title=${`Open these ${group.shown} side by side`}
          aria-label=${`Open the ${group.shown} ${title} side by side`}
          onClick=${() => store.openAll(group.sessionIds)}
        >
          <${Icon} name="beside" />
        </button>`
      }
    </div>
  `;
}

function Row({ row }: { row: ActorRow }): VNode {
  const { actor, step, leads, ended } = row;
  const isOpen = store.open.value.includes(actor.sessionId);
  const isMarked = store.marked.value === actor.sessionId;
  const since = duration(store.shownNow() - step.since);
  return html`
    <div
      id=${rowId(actor.sessionId)}
      class=${classes({
        'actors-row': true,
        'is-open': isOpen,
        'is-marked': isMarked,
        'is-ended': ended,
        leads,
        [`tone-${toneOf(step.toText, step.status)}`]: true,
      })}
      role="option"
      aria-selected=${isOpen}
      aria-label=${`${actor.kind} ${actor.id}, ${step.toText || 'state unknown'}${leads ? ', leads' : ''}, for ${since}`}
      title=${`${actor.sessionId}\n${step.toText}`}
      onClick=${(event: MouseEvent) => {
        store.marked.value = actor.sessionId;
        if (event.shiftKey || event.ctrlKey || event.metaKey) store.openBeside(actor.sessionId);
        else store.openAlone(actor.sessionId);
      }}
    >
      <i class="dot"></i>
      <span class="actors-row-name">${shownName(actor.kind, actor.id)}</span>
      <span class="actors-row-state">${shortState(row)}</span>
      <span class="actors-row-since">${since}</span>
      <button
        class="icon-button actors-row-beside"
        tabindex="-1"
        title=${isOpen ? 'Close' : 'Open beside the others (o)'}
        aria-label=${isOpen ? `Close ${actor.sessionId}` : `Open ${actor.sessionId} beside the others`}
        onClick=${(event: MouseEvent) => {
          event.stopPropagation();
          if (isOpen) store.close(actor.sessionId);
          else store.openBeside(actor.sessionId);
        }}
      >
        <${Icon} name=${isOpen ? 'close' : 'beside'} />
      </button>
    </div>
  `;
}

/** The outer states stand in the chart. That it leads matters more than how. */
function shortState({ step, leads }: ActorRow): string {
  if (isGone(step)) return 'gone';
  return leads ? 'leading' : innermost(step.toText);
}

function NoActors({ total }: { total: number }): VNode {
  if (total > 0)
    return html`<div class="actors-empty">
      <p>No actor is called so, or is in such a state.</p>
      <button
        class="text-button"
        onClick=${() => {
          store.filter.value = '';
        }}
      >
        Clear the filter
      </button>
    </div>`;
  const isOpen = store.connection.value.state === 'open';
  return html`<div class="actors-empty">
    <p>${isOpen ? 'Waiting for the first actor to be heard …' : 'Not connected yet.'}</p>
  </div>`;
}
