/** Rows of one height, of which only those in sight are in the document: ten thousand cost what fifty do. */
import type { RefObject, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Content, html } from './html.ts';

export interface Sight {
  readonly first: number;
  /** Not in sight any more. */
  readonly end: number;
}

/** Rows above and below that are kept ready, so that a quick scroll shows no gaps. */
const spareRows = 8;

export function useSight(
  scroller: RefObject<HTMLElement | null>,
  rowHeight: number,
  count: number,
): Sight {
  const [place, setPlace] = useState({ top: 0, height: 600 });
  useLayoutEffect(() => {
    const element = scroller.current!;
    const read = () =>
      setPlace((before) =>
        before.top === element.scrollTop && before.height === element.clientHeight
          ? before
          : { top: element.scrollTop, height: element.clientHeight },
      );
    read();
    element.addEventListener('scroll', read, { passive: true });
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', read);
      observer.disconnect();
    };
  }, [scroller]);
  const first = Math.max(0, Math.floor(place.top / rowHeight) - spareRows);
  return {
    first: Math.min(first, count),
    end: Math.min(count, Math.ceil((place.top + place.height) / rowHeight) + spareRows),
  };
}

/** Scrolls just as far as is needed to bring a row into sight. */
export function showRow(element: HTMLElement, rowHeight: number, index: number): void {
  const top = index * rowHeight;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + rowHeight > element.scrollTop + element.clientHeight)
    element.scrollTop = top + rowHeight - element.clientHeight;
}

export interface VirtualListProps {
  readonly class: string;
  readonly label: string;
  readonly rowHeight: number;
  readonly count: number;
  readonly row: (index: number) => Content;
  /** The row that the keyboard stands on; it is kept in sight when it changes. */
  readonly markedIndex: number;
  readonly markedId: string | undefined;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly onFocus?: () => void;
}

export function VirtualList(props: VirtualListProps): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const { first, end } = useSight(scroller, props.rowHeight, props.count);
  useEffect(() => {
    if (props.markedIndex >= 0) showRow(scroller.current!, props.rowHeight, props.markedIndex);
  }, [props.markedIndex, props.rowHeight]);
  const rows: Content[] = [];
  for (let index = first; index < end; index += 1) rows.push(props.row(index));
  return html`
    <div
      ref=${scroller}
      class=${`scroller ${props.class}`}
      role="listbox"
      tabindex="0"
      aria-label=${props.label}
      aria-activedescendant=${props.markedId}
      onKeyDown=${props.onKeyDown}
      onFocus=${props.onFocus}
    >
      <div class="scroller-whole" style=${{ height: `${props.count * props.rowHeight}px` }}>
        <div style=${{ transform: `translateY(${first * props.rowHeight}px)` }}>${rows}</div>
      </div>
    </div>
  `;
}
