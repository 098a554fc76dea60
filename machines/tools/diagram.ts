/**
 * A chart as a Mermaid stateDiagram-v2. Mermaid draws no arrow between inner states of different outer ones: such an
 * arrow goes between the outer states, and its label says where inside it begins and ends.
 */
import type { AnyStateMachine, AnyTransitionDefinition, AnyStateNode as Node } from 'xstate';
import { eventName, guardName, initialLeafOf, isNamed, nameOfAction } from './walk.ts';

export function diagramOf(machine: AnyStateMachine): string {
  return `${['stateDiagram-v2', ...inside(machine.root, 1)].join('\n')}\n`;
}

/** What the drawing cannot show, in sentences: arrows from every state, and what outer states do. */
export function remarksOn(machine: AnyStateMachine): string[] {
  const everywhere = transitionsOf(machine.root).map(
    (taken) =>
      `From every state but the final ones, ${triggerOf(taken)} leads to ${targetsOf(taken)[0]!.path.join('.')}.`,
  );
  const outer = descendants(machine.root)
    .filter((node) => innerOf(node).length > 0 && notes(node).length > 0)
    .map((node) => `Of ${node.path.join('.')} as a whole: ${notes(node).join('; ')}.`);
  return [...everywhere, ...outer];
}

function inside(outer: Node, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const lines = [`${indent}[*] --> ${idOf(initialOf(outer))}`];
  for (const node of innerOf(outer)) {
    const named = node.key === idOf(node) ? idOf(node) : `state "${node.key}" as ${idOf(node)}`;
    if (innerOf(node).length > 0) {
      lines.push(`${indent}state "${node.key}" as ${idOf(node)} {`);
      lines.push(...inside(node, depth + 1), `${indent}}`);
    } else {
      lines.push(indent + named);
      lines.push(...notes(node).map((note) => `${indent}${idOf(node)} : ${note}`));
    }
  }
  for (const [ends, labels] of arrowsWithin(outer))
    lines.push(`${indent}${ends} : ${labels.join(', ')}`);
  for (const node of innerOf(outer))
    if (node.type === 'final') lines.push(`${indent}${idOf(node)} --> [*]`);
  return lines;
}

/** What happens in a state without leaving it. */
function notes(node: Node): string[] {
  const quiet = transitionsOf(node).filter(
    ({ target, actions }) => target === undefined && actions.length > 0,
  );
  return [
    ...list('entry', node.entry),
    ...list('exit', node.exit),
    ...quiet.map(
      (taken) =>
        `${triggerOf(taken)} / ${taken.actions.map(nameOfAction).filter(isNamed).join(', ')}`,
    ),
  ];
}

function list(word: string, actions: readonly unknown[]): string[] {
  const names = actions.map(nameOfAction).filter(isNamed);
  return names.length === 0 ? [] : [`${word} / ${names.join(', ')}`];
}

/** Arrows whose nearest common outer state is this one: their ends, and the labels of all between the same ends. */
function arrowsWithin(outer: Node): Map<string, string[]> {
  const arrows = new Map<string, string[]>();
  for (const source of descendants(outer))
    for (const taken of transitionsOf(source))
      for (const target of targetsOf(taken)) {
        if (commonOuter(source, target) !== outer) continue;
        const from = childTowards(outer, source);
        const to = childTowards(outer, target);
        const ends = `${idOf(from)} --> ${idOf(to)}`;
        arrows.set(ends, [...(arrows.get(ends) ?? []), labelOf(taken, source, from, target, to)]);
      }
  return arrows;
}

function labelOf(
  taken: AnyTransitionDefinition,
  source: Node,
  from: Node,
  target: Node,
  to: Node,
): string {
  const where = [
    ...(from === source ? [] : [`from ${relative(from, source)}`]),
    ...(to === target || target === initialLeafOf(to) ? [] : [`to ${relative(to, target)}`]),
  ];
  return [triggerOf(taken), ...(where.length === 0 ? [] : [`(${where.join(', ')})`])].join(' ');
}

function triggerOf(taken: AnyTransitionDefinition): string {
  const guard = guardName(taken.guard);
  const name = taken.eventType === '' ? 'at once' : eventName(taken.eventType);
  return guard === undefined ? name : `${name} [${guard}]`;
}

function transitionsOf(node: Node): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

function targetsOf(taken: AnyTransitionDefinition): readonly Node[] {
  return (taken.target ?? []) as readonly Node[];
}

function innerOf(node: Node): Node[] {
  return Object.values(node.states);
}

function descendants(node: Node): Node[] {
  return innerOf(node).flatMap((inner) => [inner, ...descendants(inner)]);
}

function outersOf(node: Node): Node[] {
  return node.parent === undefined ? [] : [node.parent, ...outersOf(node.parent)];
}

/** A state that is its own target is drawn where it stands. */
function commonOuter(source: Node, target: Node): Node | undefined {
  const ofTarget = outersOf(target);
  return outersOf(source).find((outer) => ofTarget.includes(outer));
}

function childTowards(outer: Node, node: Node): Node {
  return [node, ...outersOf(node)].find((child) => child.parent === outer)!;
}

function relative(outer: Node, inner: Node): string {
  return inner.path.slice(outer.path.length).join('.');
}

function initialOf(node: Node): Node {
  return (node.initial.target as readonly Node[])[0]!;
}

function idOf(node: Node): string {
  return node.path.join('_');
}
