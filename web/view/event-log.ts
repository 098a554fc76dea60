/** What happened to the actors whose charts are open, in the order of time; a click goes to that moment. */
import type { VNode } from 'preact';
import { eventLabel } from '../chart/definition.ts';
import { countUntil, isGone, type Step, splitId } from '../model/history.ts';
import { clockTime, innermost, shownName, toneOf } from '../model/words.ts';
import * as store from '../store.ts';
import { classes, html } from './html.ts';
import { memo } from './memo.ts';
import { StepDetails } from './step-details.ts';
import { VirtualList } from './virtual-list.ts';

export const eventLogId = 'events';
const rowHeight = 44;

export function EventLog(): VNode {
  const steps = store.openSteps();
  const moment = store.moment.value;
  const chosen = store.chosen.value;
  // The end of what has happened at the moment that is shown: it is what the log keeps in sight.
  const current = (moment === undefined ? steps.length : countUntil(steps, moment)) - 1;
  return html`
    <aside class="log" aria-label="Event log of the open charts" id=${eventLogId}>
      <header class="log-head">
        <h2>Events</h2>
        <span class="log-count">${steps.length.toLocaleString('en')}</span>
      </header>
      ${
        steps.length === 0
          ? html`<p class="log-empty">Nothing has happened here yet.</p>`
          : html`<${VirtualList}
              class="log-list"
              label="Events"
              rowHeight=${rowHeight}
              count=${steps.length}
              markedIndex=${current}
              markedId=${steps[current] && rowId(steps[current])}
              row=${(index: number) => {
                const step = steps[index]!;
                return html`<${Row}
                  key=${step.number}
                  step=${step}
                  later=${index > current}
                  current=${moment !== undefined && index === current}
                  chosen=${step === chosen}
                />`;
              }}
            />`
      }
      ${chosen !== undefined && html`<${StepDetails} step=${chosen} />`}
    </aside>
  `;
}

const rowId = (step: Step) => `step-${step.number}`;

interface RowProps {
  readonly step: Step;
  /** It had not happened yet at the moment that is shown. */
  readonly later: boolean;
  readonly current: boolean;
  readonly chosen: boolean;
}

const Row = memo(({ step, later, current, chosen }: RowProps): VNode => {
  const moved = step.fromText !== step.toText;
  const state = isGone(step) ? 'gone' : innermost(step.toText);
  return html`
    <div
      id=${rowId(step)}
      class=${classes({ 'log-row': true, 'is-later': later, 'is-current': current, 'is-chosen': chosen })}
      role="option"
      aria-selected=${chosen}
      title=${`${step.actorId}\n${eventName(step)}\n${step.fromText} → ${step.toText}`}
      onClick=${() => {
        store.goTo(step);
        store.chosen.value = step;
      }}
    >
      <span class="log-line">
        <b class="log-event">${eventName(step)}</b>
        <time>${clockTime(step.at)}</time>
      </span>
      <span class="log-line">
        <span class="log-actor">${nameOf(step)}</span>
      <span class=${`log-change tone-${toneOf(step.toText, step.status)}`}>
        ${moved && step.fromText !== '' && html`${innermost(step.fromText)}<i>→</i>`}
        <i class="dot"></i>${state}
      </span></span>
    </div>
  `;
});

/** `after killGrace` is how people know what XState calls `xstate.after.killGrace.attempt.terminating`. */
export function eventName(step: Step): string {
  if (step.event === undefined) return step.fromText === '' ? 'appears' : 'appears anew';
  return ownNames[step.event.type] ?? eventLabel(step.event.type);
}

/** Of events that no chart has: the cluster's inspection tells them. */
const ownNames: Readonly<Record<string, string>> = {
  'xstate.stop': 'gone',
  'mesozoo.process.silent': 'its process fell silent',
};

function nameOf({ actorId }: Step): string {
  const { kind, id } = splitId(actorId);
  return shownName(kind, id);
}
