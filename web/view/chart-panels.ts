/** The open charts, side by side; without one, where to begin. */
import type { VNode } from 'preact';
import { openAtOnceMax } from '../model/actor-list.ts';
import * as store from '../store.ts';
import { ArrowHeads } from './chart.ts';
import { ChartPanel } from './chart-panel.ts';
import { html } from './html.ts';

export function ChartPanels({ sessionIds }: { sessionIds: readonly string[] }): VNode {
  if (sessionIds.length === 0) return html`<${Welcome} />`;
  return html`
    <${ArrowHeads} />
    <div class="panels" data-count=${Math.min(sessionIds.length, openAtOnceMax)}>
      ${sessionIds.map((sessionId) => html`<${ChartPanel} key=${sessionId} sessionId=${sessionId} />`)}
    </div>
  `;
}

function Welcome(): VNode {
  const groups = store.list.value.rows.flatMap((row) =>
    row.row === 'group' && row.shown <= openAtOnceMax ? [row] : [],
  );
  return html`
    <div class="welcome">
      <h2>Every lifecycle is a statechart, and the chart is what runs.</h2>
      <p>
        Choose an actor on the left to see its chart with the present state lit. Hold Shift to put
        several side by side.
      </p>
      ${
        groups.length > 0 &&
        html`<div class="welcome-choices">
          ${groups.map(
            ({ kind, shown, sessionIds }) =>
              html`<button class="choice" key=${kind} onClick=${() => store.openAll(sessionIds)}>
                Watch ${shown === 1 ? `the ${kind}` : `${shown} ${kind}s`}
              </button>`,
          )}
        </div>`
      }
      <p class="welcome-keys">
        <kbd>j</kbd> <kbd>k</kbd> move <i class="welcome-gap"></i> <kbd>Enter</kbd> open <i class="welcome-gap"></i> <kbd>o</kbd> open beside
        <i class="welcome-gap"></i> <kbd>?</kbd> all keys
      </p>
    </div>
  `;
}
