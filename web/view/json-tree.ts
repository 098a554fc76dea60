/** Any JSON value as a tree that folds. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { html } from './html.ts';

/** Deeper ones are folded at first. */
const openDepth = 2;
/** More children than this are shown when they are asked for. */
const childrenMax = 100;

export function JsonTree({ value }: { value: unknown }): VNode {
  return html`<div class="json">${
    isBranch(value)
      ? Object.entries(value).map(
          ([name, child]) => html`<${Entry} key=${name} name=${name} value=${child} depth=${1} />`,
        )
      : html`<${Leaf} value=${value} />`
  }</div>`;
}

interface EntryProps {
  readonly name: string;
  readonly value: unknown;
  readonly depth: number;
}

function Entry({ name, value, depth }: EntryProps): VNode {
  const [isOpen, setOpen] = useState(depth < openDepth);
  const [all, setAll] = useState(false);
  if (!isBranch(value) || Object.keys(value).length === 0)
    return html`<div class="json-entry"><span class="json-name">${name}</span><${Leaf} value=${value} /></div>`;
  const entries = Object.entries(value);
  const shown = all ? entries : entries.slice(0, childrenMax);
  return html`
    <div class="json-entry">
      <button class="json-fold" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
        <i>${isOpen ? '▾' : '▸'}</i><span class="json-name">${name}</span>
        <span class="json-size">${Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`}</span>
      </button>
      ${
        isOpen &&
        html`<div class="json-inside">
          ${shown.map(([key, child]) => html`<${Entry} key=${key} name=${key} value=${child} depth=${depth + 1} />`)}
          ${
            shown.length < entries.length &&
            html`<button class="text-button" onClick=${() => setAll(true)}>${entries.length - shown.length} more</button>`
          }
        </div>`
      }
    </div>
  `;
}

function Leaf({ value }: { value: unknown }): VNode {
  const kind = value === null ? 'null' : typeof value;
  const text = value === undefined ? '' : JSON.stringify(value);
  return html`<span class=${`json-leaf is-${kind}`}>${text}</span>`;
}

const isBranch = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
