/** How large what stands in a chart is, in its own units: shared by what makes room and what draws. */

/** How wide a text is in a font: the browser's canvas, or an estimate in tests. */
export type MeasureText = (text: string, font: TextFont) => number;

export type TextFont = 'title' | 'row' | 'label' | 'labelActions';

export const fonts: Readonly<
  Record<TextFont, { readonly sizePx: number; readonly weight: number }>
> = {
  title: { sizePx: 13, weight: 600 },
  row: { sizePx: 11, weight: 400 },
  label: { sizePx: 11, weight: 500 },
  labelActions: { sizePx: 10.5, weight: 400 },
};

export const titleHeight = 30;
export const rowHeight = 16;
export const nodePaddingX = 14;
/** Below the last row. */
export const nodePaddingBottom = 8;
export const rowIconWidth = 16;
export const labelLineHeight = 14;
export const labelPaddingX = 7;
export const labelPaddingY = 3;
export const initialDotSize = 10;
export const nodeWidthMin = 84;
