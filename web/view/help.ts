/** The keys, as `?` shows them. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import * as store from '../store.ts';
import { html } from './html.ts';
import { Icon } from './icons.ts';
import { keyGroups } from './keyboard.ts';

export function Help(): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  const hide = () => {
    store.helpShown.value = false;
  };
  return html`
    <dialog
      ref=${dialog}
      class="help"
      aria-label="Keys"
      onClose=${hide}
      onClick=${(event: MouseEvent) => {
        if (event.target === dialog.current) hide();
      }}
    >
      <header>
        <h2>Keys</h2>
        <button class="icon-button" aria-label="Close" onClick=${hide}><${Icon} name="close" /></button>
      </header>
      <div class="help-groups">
        ${keyGroups.map(
          ({ title, keys }) => html`<section key=${title}>
            <h3>${title}</h3>
            <dl>
              ${keys.map(
                ({ shown, does }) => html`<div key=${does}>
                  <dt>${shown.map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt>
                  <dd>${does}</dd>
                </div>`,
              )}
            </dl>
          </section>`,
        )}
      </div>
      <p class="help-mouse">
        In a chart the wheel zooms and dragging moves; a double click shows all of it. Shift-click on an
        actor opens it beside the others.
      </p>
    </dialog>
  `;
}
