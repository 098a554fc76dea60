/** One step in full: its event with payload, and what the actor held afterwards. */
import type { VNode } from 'preact';
import type { Step } from '../model/history.ts';
import { clockTime } from '../model/words.ts';
import * as store from '../store.ts';
import { eventName } from './event-log.ts';
import { html } from './html.ts';
import { Icon } from './icons.ts';
import { JsonTree } from './json-tree.ts';

export function StepDetails({ step }: { step: Step }): VNode {
  const { type: _, ...payload } = step.event ?? { type: '' };
  const { context, output, error, tags } = step.snapshot;
  // Of actors that nobody watches only types and states are told.
  const empty = tags === undefined ? 'not told: its chart was not open then' : 'none';
  return html`
    <section class="details" aria-label="The chosen event">
      <header class="details-head">
        <h3>${eventName(step)}</h3>
        <button
          class="icon-button"
          title="Close (Esc)"
          aria-label="Close the details"
          onClick=${() => {
            store.chosen.value = undefined;
          }}
        >
          <${Icon} name="close" />
        </button>
      </header>
      <dl class="details-facts">
        <dt>actor</dt>
        <dd>${step.actorId}</dd>
        <dt>time</dt>
        <dd>${clockTime(step.at)}</dd>
        ${step.sourceId !== undefined && html`<dt>from</dt><dd>${step.sourceId}</dd>`}
        <dt>state</dt>
        <dd>
          ${step.fromText !== '' && step.fromText !== step.toText && html`${step.fromText} <i>→</i> `}${step.toText}
        </dd>
        ${step.status !== 'active' && html`<dt>status</dt><dd>${step.status}</dd>`}
      </dl>
      <${Part} title="Payload" value=${Object.keys(payload).length === 0 ? undefined : payload} empty=${empty} />
      <${Part} title="Context" value=${context} empty=${empty} />
      ${output !== undefined && html`<${Part} title="Output" value=${output} empty="" />`}
      ${error !== undefined && html`<${Part} title="Error" value=${error} empty="" />`}
    </section>
  `;
}

function Part({ title, value, empty }: { title: string; value: unknown; empty: string }): VNode {
  const isEmpty =
    value === undefined ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return html`
    <div class="details-part">
      <h4>${title}</h4>
      ${isEmpty ? html`<span class="details-none">${empty}</span>` : html`<${JsonTree} value=${value} />`}
    </div>
  `;
}
