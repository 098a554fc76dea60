/** One open chart: who it is, in which state and since when, and its drawing. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { bestFor, type Detail } from '../chart/layout.ts';
import { isEnded, isGone, type Step } from '../model/history.ts';
import { duration, isLeading, shownName, toneOf } from '../model/words.ts';
import * as store from '../store.ts';
import { Chart } from './chart.ts';
import { useRoom } from './chart-room.ts';
import { classes, html } from './html.ts';
import { Icon } from './icons.ts';
import { layoutOf } from './layouts.ts';

export function ChartPanel({ sessionId }: { sessionId: string }): VNode {
  store.version.value;
  const actor = store.history.actors.get(sessionId);
  const step = actor && store.history.stepAt(actor, store.moment.value);
  const stateText = step?.toText ?? '';
  const title = actor === undefined ? sessionId : shownName(actor.kind, actor.id);
  const ended = step !== undefined && isEnded(step);
  return html`
    <section
      class=${classes({ panel: true, 'is-ended': ended })}
      data-session=${sessionId}
      aria-label=${`Chart of ${sessionId}`}
      tabindex="0"
    >
      <header class=${`panel-head tone-${toneOf(stateText, step?.status ?? 'active')}`}>
        <span class="panel-kind">${actor?.kind ?? ''}</span>
        <h2 class="panel-title">${title}</h2>
        ${!ended && isLeading(stateText) && html`<span class="badge">leads</span>`}
        <span class="panel-state" aria-live="polite">
          ${
            step !== undefined &&
            html`<i class="dot"></i>${
              isGone(step)
                ? html`<b class="state-gone">gone</b>`
                : html`<${StatePath} text=${stateText} />`
            }`
          }
        </span>
        ${step !== undefined && html`<${Since} step=${step} />`}
        <button
          class="icon-button"
          title="Close (Esc)"
          aria-label=${`Close the chart of ${sessionId}`}
          onClick=${() => store.close(sessionId)}
        >
          <${Icon} name="close" />
        </button>
      </header>
      <${PanelBody} sessionId=${sessionId} step=${step} known=${actor !== undefined} />
    </section>
  `;
}

function StatePath({ text }: { text: string }): VNode {
  const regions = text.split(' | ').map((path) => path.split('.'));
  return html`<span class="state-path" data-state=${text}>
    ${regions.map(
      (keys, region) => html`
        ${region > 0 && html`<i class="state-path-bar"></i>`}
        ${keys.map(
          (key, depth) =>
            html`${depth > 0 && html`<i>›</i>`}<span class=${depth === keys.length - 1 ? 'is-leaf' : ''}>${key}</span>`,
        )}
      `,
    )}
  </span>`;
}

/** By itself, so that a tick of the clock touches one text. */
function Since({ step }: { step: Step }): VNode {
  store.second.value;
  return html`<span class="panel-since" title="How long in this state">
    ${duration(store.shownNow() - step.since)}
  </span>`;
}

interface PanelBodyProps {
  readonly sessionId: string;
  readonly step: Step | undefined;
  readonly known: boolean;
}

function PanelBody({ sessionId, step, known }: PanelBodyProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const room = useRoom(place);
  const [detail, setDetail] = useState<Detail>('auto');
  const definition = store.history.definitionOf(sessionId);
  const layout = definition === undefined ? undefined : layoutOf(definition).value;
  const waited = useWaited(layout?.state !== 'ready', 400);
  const body = () => {
    if (layout?.state === 'failed')
      return html`<p class="panel-message">This chart cannot be drawn: ${layout.reason}</p>`;
    if (layout?.state === 'ready' && room !== undefined)
      return html`<${Chart}
        geometry=${bestFor(layout.layouts, detail, room.width, room.height)}
        onDetail=${setDetail}
        room=${room}
        step=${step}
        label=${`Statechart of ${sessionId}, in ${step?.toText ?? 'no known state'}`}
      />`;
    if (!waited || layout?.state === 'ready') return undefined;
    if (layout !== undefined) return html`<p class="panel-message">Laying out the chart …</p>`;
    return html`<p class="panel-message">
      ${known ? `Asking ${sessionId} for its chart …` : `Nobody called ${sessionId} has been heard yet.`}
    </p>`;
  };
  const isSettled = layout?.state === 'ready' && layout.layouts.isAll && room !== undefined;
  return html`<div class="panel-body" ref=${place} data-settled=${isSettled}>${body()}</div>`;
}

/** Whether something has lasted: what is there in a blink needs no words before. */
function useWaited(lasts: boolean, ms: number): boolean {
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    if (!lasts) return undefined;
    const timer = setTimeout(() => setWaited(true), ms);
    return () => {
      clearTimeout(timer);
      setWaited(false);
    };
  }, [lasts, ms]);
  return waited && lasts;
}
