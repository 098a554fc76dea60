/** The list of actors, grouped by kind, with its filter. */
import type { VNode } from 'preact';
import type { GroupRow, ListRow } from '../model/actor-list.ts';
import { openAtOnceMax } from '../model/actor-list.ts';
import { type Actor, isGone, type Step } from '../model/history.ts';
import { duration, innermost, shownName, toneOf } from '../model/words.ts';
import * as store from '../store.ts';
import { classes, html } from './html.ts';
import { Icon } from './icons.ts';
import { memo } from './memo.ts';
import { VirtualList } from './virtual-list.ts';

export const filterInputId = 'filter';
export const actorListId = 'actors';
const rowHeight = 28;

export function ActorSidebar(): VNode {
  const { rows, shown, total } = store.list.value;
  const marked = store.marked.value;
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
    : html`<${Row}
        key=${row.actor.sessionId}
        actor=${row.actor}
        step=${row.step}
        leads=${row.leads}
        ended=${row.ended}
      />`;

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

interface RowProps {
  readonly actor: Actor;
  readonly step: Step;
  readonly leads: boolean;
  readonly ended: boolean;
}

const Row = memo(({ actor, step, leads, ended }: RowProps): VNode => {
  const { sessionId } = actor;
  const isOpen = store.open.value.includes(sessionId);
  return html`
    <div
      id=${rowId(sessionId)}
      class=${classes({
        'actors-row': true,
        'is-open': isOpen,
        'is-marked': store.marked.value === sessionId,
        'is-ended': ended,
        leads,
        [`tone-${toneOf(step.toText, step.status)}`]: true,
      })}
      role="option"
      aria-selected=${isOpen}
      aria-label=${`${actor.kind} ${actor.id}, ${step.toText || 'state unknown'}${leads ? ', leads' : ''}`}
      title=${`${sessionId}\n${step.toText}`}
      onClick=${(event: MouseEvent) => {
        store.marked.value = sessionId;
        if (event.shiftKey || event.ctrlKey || event.metaKey) store.openBeside(sessionId);
        else store.openAlone(sessionId);
      }}
    >
      <i class="dot"></i>
      <span class="actors-row-name">${shownName(actor.kind, actor.id)}</span>
      <span class="actors-row-state">${shortState(step, leads)}</span>
      <${Since} step=${step} />
      <button
        class="icon-button actors-row-beside"
        tabindex="-1"
        title=${isOpen ? 'Close' : 'Open beside the others (o)'}
        aria-label=${isOpen ? `Close ${sessionId}` : `Open ${sessionId} beside the others`}
        onClick=${(event: MouseEvent) => {
          event.stopPropagation();
          if (isOpen) store.close(sessionId);
          else store.openBeside(sessionId);
        }}
      >
        <${Icon} name=${isOpen ? 'close' : 'beside'} />
      </button>
    </div>
  `;
});

/** By itself, so that a tick of the clock touches one text. */
function Since({ step }: { step: Step }): VNode {
  store.second.value;
  return html`<span class="actors-row-since">${duration(store.shownNow() - step.since)}</span>`;
}

/** The outer states stand in the chart. That it leads matters more than how. */
function shortState(step: Step, leads: boolean): string {
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
    <p>${isOpen ? 'No actor has been heard yet.' : 'Not connected yet.'}</p>
    ${isOpen && html`<p>Is a cluster running? <code>npm start</code> starts one.</p>`}
  </div>`;
}
