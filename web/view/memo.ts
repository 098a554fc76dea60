/** A component that is drawn again only when one of its properties is another one. */
import { Component, type ComponentType, type FunctionComponent, h, type VNode } from 'preact';

export function memo<Props extends object>(inner: FunctionComponent<Props>) {
  // The signals that `inner` reads draw it again all the same: only this shell is asked for its properties.
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      return (Object.keys(next) as (keyof Props)[]).some(
        (name) => name !== 'children' && next[name] !== this.props[name],
      );
    }

    render(): VNode {
      return h(inner as ComponentType<object>, this.props);
    }
  };
}
