/**
 * Who belongs to a group (Curator's GroupMember): one ephemeral child a member under its path, named by the member, with
 * data that all see.
 */
import { nameOf } from '../../../../protocol/paths.ts';
import type { CoordClient } from '../contract.ts';
import { type CachedNode, CachedTree } from './cached-tree.ts';
import type { RecipeParts } from './parts.ts';
import { Presence, type PresenceHandlers } from './presence.ts';

/** Belongs to the group until `stop`, or for as long as this program lives and is heard. */
export function joinGroup(
  parts: RecipeParts,
  path: string,
  member: { readonly name: string; readonly data?: string | Uint8Array },
  handlers?: PresenceHandlers,
): Presence {
  return new Presence(parts, `${path}/${member.name}`, member.data ?? '', handlers);
}

/** Members and their data by name; told when all that were there are known, and then at each change. */
export function watchGroup(
  client: CoordClient,
  path: string,
  handler: (members: ReadonlyMap<string, Uint8Array>) => void,
): { stop(): void } {
  return watchChildren(client, path, (nodes) =>
    handler(new Map(nodes.map((node) => [nameOf(node.path), node.data]))),
  );
}

/** The children of a node, in the order of their names: told once when all are known, and then at each change. */
export function watchChildren(
  client: CoordClient,
  path: string,
  handler: (nodes: readonly CachedNode[]) => void,
): { stop(): void } {
  const tree = new CachedTree(client, { path, depth: 1 }, (event) => {
    // The node itself is not of the group.
    if (!tree.isReady || (event.type !== 'ready' && event.node.path === path)) return;
    handler(tree.all().filter((node) => node.path !== path));
  });
  return tree;
}
