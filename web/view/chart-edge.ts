/** The transitions from one state to another: a line, and a label with a row for each. */
import { Component, type VNode } from 'preact';
import type { PlacedEdge } from '../chart/geometry.ts';
import * as size from '../chart/sizes.ts';
import { classes, html } from './html.ts';

interface EdgeLineProps {
  readonly placed: PlacedEdge;
  readonly taken: boolean;
}

export class EdgeLine extends Component<EdgeLineProps> {
  override shouldComponentUpdate(next: EdgeLineProps): boolean {
    return next.placed !== this.props.placed || next.taken !== this.props.taken;
  }

  render({ placed, taken }: EdgeLineProps): VNode {
    return html`<path
      class=${classes({ edge: true, 'is-initial': placed.edge.transitions.length === 0, 'is-taken': taken })}
      data-edge=${placed.edge.id}
      d=${placed.path}
      marker-end=${taken ? 'url(#arrow-taken)' : 'url(#arrow)'}
    />`;
  }
}

/** Runs along the line once, when it appears, and fades. */
export function TakenLine({ placed, delayMs }: { placed: PlacedEdge; delayMs: number }): VNode {
  return html`<path
    class="edge-run"
    d=${placed.path}
    pathLength="1"
    style=${{ animationDelay: `${delayMs}ms` }}
  />`;
}

interface EdgeLabelProps {
  readonly placed: PlacedEdge;
  /** The transitions of the last step, where one of them is here. */
  readonly last: ReadonlySet<string> | undefined;
}

export class EdgeLabel extends Component<EdgeLabelProps> {
  override shouldComponentUpdate(next: EdgeLabelProps): boolean {
    return next.placed !== this.props.placed || next.last !== this.props.last;
  }

  render({ placed: { label }, last }: EdgeLabelProps): VNode | null {
    if (label === undefined) return null;
    const { x, y, width, height, lines } = label;
    return html`
      <g class=${classes({ label: true, 'is-taken': last !== undefined })} transform=${`translate(${x} ${y})`}>
        <rect width=${width} height=${height} rx="5" />
        ${lines.map(
          (line, index) => html`<text
            class=${classes({
              'label-event': line.font === 'label',
              'label-actions': line.font === 'labelActions',
              'is-last': last?.has(line.transition.id) ?? false,
            })}
            x=${size.labelPaddingX}
            y=${size.labelPaddingY + (index + 1) * size.labelLineHeight - 3.5}
          >
            ${line.font === 'label' ? eventText(line.transition) : line.text}
          </text>`,
        )}
      </g>
    `;
  }
}

function eventText({ event, guard }: { event: string; guard: string | undefined }): VNode {
  return html`<tspan>${event}</tspan>${guard !== undefined && html`<tspan class="label-guard"> [${guard}]</tspan>`}`;
}
