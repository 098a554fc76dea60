/** One state in a chart: its box, its name and tags, and what it does on entry, on exit and by itself. */
import { Component, type VNode } from 'preact';
import type { PlacedNode } from '../chart/geometry.ts';
import type { NodeRow } from '../chart/graph.ts';
import * as size from '../chart/sizes.ts';
import { classes, html } from './html.ts';

export interface ChartStateProps {
  readonly placed: PlacedNode;
  readonly lit: boolean;
  /** The transitions of the last step. */
  readonly last: ReadonlySet<string>;
}

const rowMarks: Readonly<Record<NodeRow['kind'], string>> = {
  entry: '↘',
  exit: '↗',
  invoke: '⟳',
  inner: '↺',
  ignored: '∅',
};

/** Drawn again only when something of it has changed: most states of most steps are as they were. */
export class ChartState extends Component<ChartStateProps> {
  override shouldComponentUpdate(next: ChartStateProps): boolean {
    const hasInner = next.placed.node.rows.some((row) => row.transition !== undefined);
    return (
      next.placed !== this.props.placed ||
      next.lit !== this.props.lit ||
      (hasInner && next.last !== this.props.last)
    );
  }

  render({ placed, lit, last }: ChartStateProps): VNode {
    const { node, x, y, width, height } = placed;
    if (node.kind === 'initial')
      return html`<circle class="initial" cx=${x + width / 2} cy=${y + height / 2} r=${size.initialDotSize / 2} />`;
    const isContainer = node.children.length > 0;
    return html`
      <g
        class=${classes({
          state: true,
          [`is-${node.kind}`]: true,
          'is-container': isContainer,
          'is-region': node.isRegion,
          'is-lit': lit,
        })}
        data-path=${node.path}
        transform=${`translate(${x} ${y})`}
      >
        <rect class="state-box" width=${width} height=${height} rx=${isContainer ? 10 : 7} />
        ${
          node.kind === 'final' &&
          html`<rect class="state-inner-box" x="3" y="3" width=${width - 6} height=${height - 6} rx="5" />`
        }
        ${node.rows.length > 0 && html`<path class="state-rule" d=${`M0 ${size.titleHeight}H${width}`} />`}
        <${StateTitle} placed=${placed} />
        ${node.rows.map((row, index) => html`<${Row} row=${row} index=${index} last=${last} />`)}
      </g>
    `;
  }
}

function StateTitle({ placed: { node, width } }: { placed: PlacedNode }): VNode {
  const middle = size.titleHeight / 2 + 4.5;
  const isAlone = node.rows.length === 0 && node.tags.length === 0 && node.children.length === 0;
  if (isAlone || node.kind === 'history')
    return html`<text class="state-title" x=${width / 2} y=${node.kind === 'history' ? 18.5 : middle} text-anchor="middle">
      ${node.title}
    </text>`;
  return html`
    <text class="state-title" x=${size.nodePaddingX} y=${middle}>${node.title}</text>
    ${
      node.tags.length > 0 &&
      html`<text class="state-tags" x=${width - size.nodePaddingX} y=${middle - 0.5} text-anchor="end">
        ${node.tags.join(' ')}
      </text>`
    }
  `;
}

interface RowProps {
  readonly row: NodeRow;
  readonly index: number;
  readonly last: ReadonlySet<string>;
}

function Row({ row, index, last }: RowProps): VNode {
  const y = size.titleHeight + (index + 1) * size.rowHeight - 1;
  const isLast = row.transition !== undefined && last.has(row.transition.id);
  return html`
    <g class=${`state-row is-${row.kind}${isLast ? ' is-last' : ''}`}>
      <title>${rowTitles[row.kind]}</title>
      <text x=${size.nodePaddingX} y=${y}>${rowMarks[row.kind]}</text>
      <text x=${size.nodePaddingX + size.rowIconWidth} y=${y}>${row.text}</text>
    </g>
  `;
}

const rowTitles: Readonly<Record<NodeRow['kind'], string>> = {
  entry: 'done on entry',
  exit: 'done on exit',
  invoke: 'an actor that runs while in this state',
  inner: 'happens without leaving the state',
  ignored: 'events that change nothing here',
};
