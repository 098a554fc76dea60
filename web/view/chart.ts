/** The drawing of a statechart: states, transitions, what is lit, and what has just been taken. */
import type { VNode } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { Geometry, PlacedEdge, PlacedNode } from '../chart/geometry.ts';
import type { Detail } from '../chart/layout.ts';
import { transitionsTaken } from '../chart/taken.ts';
import type { Step } from '../model/history.ts';
import { activePaths } from '../model/state-value.ts';
import { EdgeLabel, EdgeLine, TakenLine } from './chart-edge.ts';
import { ChartState } from './chart-node.ts';
import { type Room, useView } from './chart-room.ts';
import { html } from './html.ts';
import { Icon } from './icons.ts';
import { memo } from './memo.ts';
import { useTrail } from './trail.ts';

export interface ChartProps {
  readonly geometry: Geometry;
  readonly room: Room;
  readonly step: Step | undefined;
  readonly label: string;
  readonly onDetail: (detail: Detail) => void;
}

export const Chart = memo(({ geometry, room, step, label, onDetail }: ChartProps): VNode => {
  const surface = useRef<SVGSVGElement>(null);
  const layer = useRef<SVGGElement>(null);
  const view = useView(surface, layer, geometry, room);
  const active = useMemo(() => activePaths(step?.to), [step?.toText]);
  const last = useMemo(
    () =>
      new Set(step === undefined ? [] : transitionsTaken(geometry.graph, step).map(({ id }) => id)),
    [geometry, step],
  );
  const trail = useTrail(geometry.graph, step);
  const isActive = ({ node }: PlacedNode) => active.has(node.path);
  const wasTaken = ({ edge }: PlacedEdge) => edge.transitions.some(({ id }) => last.has(id));
  const isContainer = ({ node }: PlacedNode) => node.children.length > 0;
  const state = (placed: PlacedNode) =>
    html`<${ChartState} key=${placed.node.path} placed=${placed} lit=${isActive(placed)} last=${last} />`;
  return html`
    <svg
      ref=${surface}
      class="chart"
      width=${room.width}
      height=${room.height}
      role="img"
      aria-label=${label}
      onDblClick=${() => view.fit()}
    >
      <g ref=${layer}>
        ${geometry.nodes.filter(isContainer).map(state)}
        ${geometry.edges.map(
          (placed) =>
            html`<${EdgeLine} key=${placed.edge.id} placed=${placed} taken=${wasTaken(placed)} />`,
        )}
        ${trail.flatMap(({ key, delayMs, transitions }) =>
          geometry.edges
            .filter(({ edge }) => edge.transitions.some(({ id }) => transitions.has(id)))
            .map(
              (placed) =>
                html`<${TakenLine} key=${`${key} ${placed.edge.id}`} placed=${placed} delayMs=${delayMs} />`,
            ),
        )}
        ${geometry.nodes.filter((placed) => !isContainer(placed)).map(state)}
        ${geometry.edges.map(
          (placed) =>
            html`<${EdgeLabel} key=${placed.edge.id} placed=${placed} last=${wasTaken(placed) ? last : undefined} />`,
        )}
      </g>
    </svg>
    <div class="chart-tools">
      <button
        class="text-button"
        title="Actions, tags and what happens inside of states"
        aria-pressed=${geometry.isFull}
        onClick=${() => onDetail(geometry.isFull ? 'brief' : 'full')}
      >
        ${geometry.isFull ? 'Less' : 'More'}
      </button>
      <button class="icon-button" title="Show all of it (f)" aria-label="Show all of the chart" data-fit onClick=${() => view.fit()}>
        <${Icon} name="fit" />
      </button>
    </div>
  `;
});

/** The heads of arrows, for all charts of the page. */
export function ArrowHeads(): VNode {
  const head = (id: string) => html`
    <marker id=${id} class=${id} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
      <path d="M0.5 0.8 7.2 4 0.5 7.2Z" />
    </marker>
  `;
  return html`<svg class="arrow-heads" width="0" height="0" aria-hidden="true">
    <defs>${head('arrow')}${head('arrow-taken')}</defs>
  </svg>`;
}
