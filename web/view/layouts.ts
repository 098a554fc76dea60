/** Laid out charts, once for each machine: two hundred actors of a kind share one. The work is done in a worker. */
import { type Signal, signal } from '@preact/signals';
import type { ELK } from 'elkjs/lib/elk-api.js';
import { type Layouts, layOut } from '../chart/layout.ts';
import { fonts, type TextFont } from '../chart/sizes.ts';

export type Layout =
  | { readonly state: 'working' }
  | { readonly state: 'ready'; readonly layouts: Layouts }
  | { readonly state: 'failed'; readonly reason: string };

const layouts = new Map<string, Signal<Layout>>();

export function layoutOf(definition: string): Signal<Layout> {
  let layout = layouts.get(definition);
  if (layout === undefined) {
    layout = signal<Layout>({ state: 'working' });
    layouts.set(definition, layout);
    void work(definition, layout);
  }
  return layout;
}

async function work(definition: string, layout: Signal<Layout>): Promise<void> {
  try {
    for await (const layouts of layOut(definition, elk(), measureText))
      layout.value = { state: 'ready', layouts };
  } catch (error) {
    layout.value = {
      state: 'failed',
      reason: error instanceof Error ? error.message : String(error),
    };
  }
}

/** A script that is no module: it is loaded by index.html, and leaves itself in a global. */
declare global {
  interface Window {
    readonly ELK: new (options: { workerUrl: string }) => ELK;
  }
}

/** Starting it takes as long as laying a chart out: it is done before the first one is asked for. */
let started: ELK | undefined;
export function elk(): ELK {
  started ??= new window.ELK({ workerUrl: '/lib/elkjs/lib/elk-worker.min.js' });
  return started;
}

let canvas: CanvasRenderingContext2D | null | undefined;
function measureText(text: string, font: TextFont): number {
  canvas ??= document.createElement('canvas').getContext('2d');
  if (canvas === null) throw new Error('This browser cannot measure text.');
  const { sizePx, weight } = fonts[font];
  canvas.font = `${weight} ${sizePx}px ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(text).width;
}
