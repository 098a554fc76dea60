/** Components are written as tagged templates: no compiler stands between this source and the browser. */
import htm from 'htm';
import { type ComponentChild, h, type VNode } from 'preact';

/** Its types are those of its CommonJS form, where the function is a field; browsers and Node load the module. */
const template = htm as unknown as typeof htm.default;

export const html = template.bind(h) as (
  strings: TemplateStringsArray,
  ...values: unknown[]
) => VNode;

export type Content = ComponentChild;

/** The names that hold, as one class attribute. */
export function classes(names: Readonly<Record<string, boolean>>): string {
  return Object.keys(names)
    .filter((name) => names[name])
    .join(' ');
}
