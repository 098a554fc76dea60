/** How much room a chart has, and the part of it that is looked at: the wheel zooms, dragging moves. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Room {
  readonly width: number;
  readonly height: number;
}

export function useRoom(place: RefObject<HTMLElement | null>): Room | undefined {
  const [room, setRoom] = useState<Room>();
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setRoom({ width, height });
    });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, [place]);
  return room;
}

export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const scaleMin = 0.1;
const scaleMax = 4;
/** A small chart is not blown up to fill a large room. */
const fitScaleMax = 1.25;

/** All of it, in the middle. */
export function fitted(content: Room, room: Room): View {
  const margin = 8;
  const scale = Math.max(
    scaleMin,
    Math.min(
      fitScaleMax,
      (room.width - 2 * margin) / Math.max(1, content.width),
      (room.height - 2 * margin) / Math.max(1, content.height),
    ),
  );
  return {
    scale,
    x: (room.width - content.width * scale) / 2,
    y: (room.height - content.height * scale) / 2,
  };
}

/** What is under the pointer stays there. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const scale = Math.min(scaleMax, Math.max(scaleMin, view.scale * factor));
  const change = scale / view.scale;
  return { scale, x: x - (x - view.x) * change, y: y - (y - view.y) * change };
}

export interface ViewControl {
  fit(): void;
  zoom(factor: number): void;
  pan(x: number, y: number): void;
}

/**
 * Moves `layer` inside `surface`. What is looked at changes with each wheel event: it is written to the layer's
 * attribute, past the components.
 */
export function useView(
  surface: RefObject<SVGSVGElement | null>,
  layer: RefObject<SVGGElement | null>,
  content: Room,
  room: Room,
): ViewControl {
  const state = useRef({ view: fitted(content, room), moved: false, content, room });
  const show = (view: View) => {
    state.current.view = view;
    layer.current?.setAttribute('transform', `translate(${view.x} ${view.y}) scale(${view.scale})`);
  };
  const control: ViewControl = {
    fit() {
      state.current.moved = false;
      show(fitted(state.current.content, state.current.room));
    },
    zoom(factor) {
      const { width, height } = state.current.room;
      state.current.moved = true;
      show(zoomed(state.current.view, factor, width / 2, height / 2));
    },
    pan(x, y) {
      const { view } = state.current;
      state.current.moved = true;
      show({ ...view, x: view.x + x, y: view.y + y });
    },
  };
  useLayoutEffect(() => {
    const isNew = state.current.content.width !== content.width;
    state.current.content = content;
    state.current.room = room;
    if (isNew || !state.current.moved) control.fit();
    else show(state.current.view);
  }, [content.width, content.height, room.width, room.height]);
  useLayoutEffect(() => {
    const element = surface.current!;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      state.current.moved = true;
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015));
      show(zoomed(state.current.view, factor, event.clientX - left, event.clientY - top));
    };
    const down = (event: PointerEvent) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      element.classList.add('is-dragged');
    };
    const move = (event: PointerEvent) => {
      if (element.hasPointerCapture(event.pointerId)) control.pan(event.movementX, event.movementY);
    };
    const up = () => element.classList.remove('is-dragged');
    element.addEventListener('wheel', wheel, { passive: false });
    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', up);
    return () => {
      element.removeEventListener('wheel', wheel);
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', up);
    };
  }, []);
  return control;
}
