/** Local reads of the tree. They throw MesozooError: NO_NODE, NO_AUTH; BAD_PATH for what can be no path. */
import { type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import {
  type AclEntry,
  type Identity,
  permissions,
  type Stat,
} from '../../../protocol/operations.ts';
import { pathProblem } from '../../../protocol/paths.ts';
import { allows, withoutHashes } from './acl.ts';
import { firstNotBefore } from './children.ts';
import type { ReadNode } from './contract.ts';
import { NULL_DATA } from './data.ts';
import type { Tree, Znode } from './tree.ts';

export function readNode(tree: Tree, path: string, identities: readonly Identity[]): ReadNode {
  const node = find(tree, path);
  demand(node, permissions.read, identities);
  const { data } = node;
  return { data, isNull: data === NULL_DATA, stat: node.stat() };
}

export function readChildren(
  tree: Tree,
  path: string,
  identities: readonly Identity[],
  after: string | undefined,
  limit: number,
): { readonly names: readonly string[]; readonly stat: Stat; readonly more: boolean } {
  const node = find(tree, path);
  demand(node, permissions.read, identities);
  const all = node.names();
  const start = after === undefined ? 0 : indexAfter(all, after);
  const names = start === 0 && all.length <= limit ? all : all.slice(start, start + limit);
  return { names, stat: node.stat(), more: start + names.length < all.length };
}

export function readAcl(
  tree: Tree,
  path: string,
  identities: readonly Identity[],
): { readonly acl: readonly AclEntry[]; readonly stat: Stat } {
  const node = find(tree, path);
  demand(node, permissions.read | permissions.admin, identities);
  const { entries } = node.acl;
  const acl = allows(node.acl, permissions.admin, identities) ? entries : withoutHashes(entries);
  return { acl, stat: node.stat() };
}

/** All below a node, itself not counted. */
export function countBelow(tree: Tree, path: string): number {
  const waiting = [find(tree, path)];
  if (path === '/') return tree.size - 1;
  let count = 0;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    count += node.childCount;
    for (const child of node.children()) if (child.childCount > 0) waiting.push(child);
  }
  return count;
}

export function stalePaths(tree: Tree, wallMs: number, limit: number): readonly string[] {
  const paths: string[] = [];
  for (const node of tree.passingNodes()) {
    if (paths.length >= limit) return paths;
    if (node.isStale(wallMs)) paths.push(node.path);
  }
  return paths;
}

function find(tree: Tree, path: string): Znode {
  const node = tree.find(path);
  if (node !== undefined) return node;
  const problem = pathProblem(path);
  throw problem === undefined ? readFailure('NO_NODE') : new MesozooError('BAD_PATH', problem);
}

function demand(node: Znode, wanted: number, identities: readonly Identity[]): void {
  if (!allows(node.acl, wanted, identities)) throw readFailure('NO_AUTH');
}

function readFailure(code: ErrorCode): MesozooError {
  return new MesozooError(code);
}

function indexAfter(names: readonly string[], after: string): number {
  const index = firstNotBefore(names, after);
  return names[index] === after ? index + 1 : index;
}
