/** The line at the top: which cluster, whether the page hears it, and the page's own switches. */
import type { VNode } from 'preact';
import * as store from '../store.ts';
import { html } from './html.ts';
import { Icon } from './icons.ts';
import { nextTheme, theme } from './theme.ts';

export function Header(): VNode {
  const hello = store.hello.value;
  return html`
    <header class="header">
      <img class="header-mark" src="/icon.svg" alt="" width="20" height="20" />
      <h1 class="header-title">mesozoo</h1>
      ${
        hello !== undefined &&
        html`<span class="header-cluster" title="The cluster's name">${hello.cluster}</span>
        <span class="header-version">${hello.version}</span>`
      }
      <span class="header-space"></span>
      <${ConnectionMark} />
      <button
        class="icon-button"
        title=${`Colours: ${theme.value} (t)`}
        aria-label=${`Colours: ${theme.value}. Change.`}
        onClick=${nextTheme}
      >
        <${Icon} name=${theme.value} />
      </button>
      <button
        class="icon-button"
        title="Keys (?)"
        aria-label="Show the keys"
        onClick=${() => {
          store.helpShown.value = true;
        }}
      >
        <${Icon} name="help" />
      </button>
    </header>
  `;
}

function ConnectionMark(): VNode {
  const { state } = store.connection.value;
  const text = {
    connecting: 'Connecting',
    open: 'Connected',
    lost: 'Disconnected',
    refused: 'Refused',
  }[state];
  return html`<span class=${`connection is-${state}`} role="status"><i></i>${text}</span>`;
}
