/** The recorded history as a strip: how much happened when, where one stands, and back to the present. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { densityOf, marksOf, rangeShowing, type TimeRange } from '../model/time-line.ts';
import { clockTime } from '../model/words.ts';
import * as store from '../store.ts';
import { useRoom } from './chart-room.ts';
import { classes, html } from './html.ts';
import { Icon } from './icons.ts';

const windows = [
  { label: '1 m', lengthMs: 60_000 },
  { label: '10 m', lengthMs: 600_000 },
  { label: 'All', lengthMs: Number.POSITIVE_INFINITY },
] as const;
const chosenWindow = signal<number>(windows[0].lengthMs);
/** While the past is shown the strip stands still. */
let stoodStill: TimeRange | undefined;

function shownRange(): TimeRange {
  const first = store.history.steps[0]?.at ?? store.serverNow();
  const moment = store.moment.value;
  const ofNow = (): TimeRange => {
    const endAt = store.serverNow();
    const lengthMs = Math.min(chosenWindow.value, Math.max(10_000, endAt - first));
    return { startAt: endAt - lengthMs, endAt };
  };
  if (moment === undefined) {
    stoodStill = undefined;
    return ofNow();
  }
  stoodStill = rangeShowing(stoodStill ?? ofNow(), moment.at);
  return stoodStill;
}

export function TimeBar(): VNode {
  const moment = store.moment.value;
  const isLive = moment === undefined;
  return html`
    <footer class="time" aria-label="Time">
      <div class="time-buttons">
        <button class="icon-button" title="Step back (←)" aria-label="One event back" onClick=${() => store.stepBy(-1)}>
          <${Icon} name="back" />
        </button>
        <button
          class="icon-button"
          title=${isLive ? 'Pause (Space)' : 'Go on live (Space)'}
          aria-label=${isLive ? 'Pause' : 'Go on live'}
          onClick=${store.togglePause}
        >
          <${Icon} name=${isLive ? 'pause' : 'play'} />
        </button>
        <button class="icon-button" title="Step forward (→)" aria-label="One event forward" disabled=${isLive} onClick=${() => store.stepBy(1)}>
          <${Icon} name="forward" />
        </button>
      </div>
      <${ShownTime} />
      <${Strip} />
      <div class="segments" role="group" aria-label="How much time the strip shows">
        ${windows.map(
          ({ label, lengthMs }) => html`<button
            key=${label}
            class=${classes({ segment: true, 'is-chosen': chosenWindow.value === lengthMs })}
            aria-pressed=${chosenWindow.value === lengthMs}
            onClick=${() => {
              chosenWindow.value = lengthMs;
              stoodStill = undefined;
            }}
          >
            ${label}
          </button>`,
        )}
      </div>
      <button class=${classes({ live: true, 'is-live': isLive, 'is-heard': store.connection.value.state === 'open' })} aria-pressed=${isLive} title="The present (l)" onClick=${store.goLive}>
        <i></i>Live
      </button>
    </footer>
  `;
}

function ShownTime(): VNode {
  store.second.value;
  const moment = store.moment.value;
  const text =
    moment === undefined ? clockTime(store.serverNow()).slice(0, 8) : clockTime(moment.at);
  return html`<time class=${classes({ 'time-shown': true, 'is-past': moment !== undefined })}>${text}</time>`;
}

const stripHeight = 40;
const barWidth = 4;

function Strip(): VNode {
  const place = useRef<HTMLDivElement>(null);
  const room = useRoom(place);
  store.listVersion.value;
  store.second.value;
  const moment = store.moment.value;
  const range = shownRange();
  const xOf = (at: number) =>
    ((at - range.startAt) / (range.endAt - range.startAt)) * (room?.width ?? 0);
  const goToPointer = (event: PointerEvent) => {
    const { left, width } = place.current!.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    store.chosen.value = undefined;
    store.goToTime(range.startAt + share * (range.endAt - range.startAt));
  };
  const shownAt = moment?.at ?? range.endAt;
  return html`
    <div
      ref=${place}
      class="strip"
      role="slider"
      tabindex="0"
      aria-label="Moment that is shown"
      aria-valuemin=${Math.round(range.startAt)}
      aria-valuemax=${Math.round(range.endAt)}
      aria-valuenow=${Math.round(shownAt)}
      aria-valuetext=${moment === undefined ? 'live' : clockTime(moment.at)}
      onPointerDown=${(event: PointerEvent) => {
        place.current!.setPointerCapture(event.pointerId);
        goToPointer(event);
      }}
      onPointerMove=${(event: PointerEvent) => {
        if (place.current!.hasPointerCapture(event.pointerId)) goToPointer(event);
      }}
    >
      ${
        room !== undefined &&
        html`<svg width=${room.width} height=${stripHeight} aria-hidden="true">
          ${marksOf(range, Math.max(2, room.width / 110)).map(
            (
              at,
            ) => html`<g key=${at} class="strip-mark" transform=${`translate(${Math.round(xOf(at)) + 0.5} 0)`}>
              <path d=${`M0 0V${stripHeight}`} /><text x="4" y="10">${markText(at, range)}</text>
            </g>`,
          )}
          <path class="strip-bars" d=${barsPath(range, room.width)} />
          <path class="strip-open" d=${openPath(xOf, range)} />
          ${
            moment !== undefined &&
            html`<rect class="strip-future" x=${xOf(shownAt)} width=${Math.max(0, room.width - xOf(shownAt))} height=${stripHeight} />
            <path class="strip-cursor" d=${`M${xOf(shownAt)} 0V${stripHeight}`} />
            <circle class="strip-knob" cx=${xOf(shownAt)} cy="4" r="4" />`
          }
        </svg>`
      }
    </div>
  `;
}

/** Heights by the logarithm: one event is to be seen beside a thousand. */
function barsPath(range: TimeRange, width: number): string {
  const pieces = Math.max(1, Math.floor(width / barWidth));
  const counts = densityOf(store.history.steps, range, pieces);
  const top = Math.log1p(Math.max(8, ...counts));
  return counts
    .map((count, piece) => {
      const height = Math.round((Math.log1p(count) / top) * 22);
      return count === 0 ? '' : `M${piece * barWidth + 1.5} ${stripHeight}v${-Math.max(2, height)}`;
    })
    .join('');
}

/** Where something happened to an open chart: a tick for each place on the screen, however many fall there. */
function openPath(xOf: (at: number) => number, range: TimeRange): string {
  const places = new Set<number>();
  const steps = store.openSteps();
  for (let index = steps.length - 1; index >= 0; index -= 1) {
    const { at } = steps[index]!;
    if (at < range.startAt) break;
    if (at <= range.endAt) places.add(Math.round(xOf(at)));
  }
  return [...places].map((x) => `M${x} ${stripHeight}v-10`).join('');
}

function markText(at: number, range: TimeRange): string {
  const text = clockTime(at);
  return range.endAt - range.startAt < 10_000 ? text.slice(3) : text.slice(0, 8);
}
