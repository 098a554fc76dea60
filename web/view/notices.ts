/** What the reader has to know about what they see: no connection, trouble at the server, events that were left out. */
import type { VNode } from 'preact';
import * as store from '../store.ts';
import { html } from './html.ts';

export function Notices(): VNode {
  const connection = store.connection.value;
  const trouble = store.trouble.value;
  const dropped = store.dropped.value;
  store.second.value;
  return html`
    <div class="notices" aria-live="polite">
      ${
        connection.state === 'lost' &&
        html`<div class="notice is-bad">
          <strong>The page's server does not answer.</strong>
          <span>What you see is what was known before. ${retryText(connection.retryAt)}</span>
          <button class="text-button" onClick=${store.retryNow}>Try now</button>
        </div>`
      }
      ${
        connection.state === 'refused' &&
        html`<div class="notice is-bad">
          <strong>The page's server refuses this page.</strong>
          <span>What you see is what was known before. It says: ${connection.reason}</span>
          <button class="text-button" onClick=${store.retryNow}>Try again</button>
        </div>`
      }
      ${
        trouble !== undefined &&
        html`<div class="notice is-warn">
          <strong>${trouble.isPartial ? 'Not all charts are followed.' : 'The cluster cannot be heard.'}</strong>
          <span> ${trouble.message}</span>
        </div>`
      }
      ${
        dropped > 0 &&
        html`<div class="notice is-quiet">
          <span>
            ${dropped.toLocaleString('en')} ${dropped === 1 ? 'event was' : 'events were'} left out:
            more came than could be passed on. States are right again with each actor's next event.
          </span>
          <button
            class="text-button"
            onClick=${() => {
              store.dropped.value = 0;
            }}
          >
            Dismiss
          </button>
        </div>`
      }
    </div>
  `;
}

function retryText(retryAt: number): string {
  const seconds = Math.ceil((retryAt - Date.now()) / 1000);
  return seconds <= 1 ? 'Trying again …' : `Trying again in ${seconds} s.`;
}
