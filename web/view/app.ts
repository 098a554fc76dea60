/** The whole of the page, and what it shows while there is nothing to show. */
import type { VNode } from 'preact';
import * as store from '../store.ts';
import { ActorSidebar } from './actor-sidebar.ts';
import { ChartPanels } from './chart-panels.ts';
import { EventLog } from './event-log.ts';
import { Header } from './header.ts';
import { Help } from './help.ts';
import { html } from './html.ts';
import { Notices } from './notices.ts';
import { TimeBar } from './time-bar.ts';

export function App(): VNode {
  const open = store.open.value;
  return html`
    <div class="page">
      <${Header} />
      <${Notices} />
      <div class="page-middle">
        <${ActorSidebar} />
        <main class="page-charts"><${ChartPanels} sessionIds=${open} /></main>
        ${open.length > 0 && html`<${EventLog} />`}
      </div>
      <${TimeBar} />
      ${store.helpShown.value && html`<${Help} />`}
    </div>
  `;
}
