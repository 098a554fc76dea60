/**
 * Quotas, as ZooKeeper keeps them: `/zookeeper/quota/PATH/zookeeper_limits` limits the nodes and the bytes of data at
 * and below PATH; `zookeeper_stats` beside it tells how many there are, and is kept up with each write.
 *
 * Of several quotas on one branch the deepest counts. Soft limits (`count`, `bytes`) refuse nothing.
 */
import { parentOf } from '../../../protocol/paths.ts';
import type { Tree, Znode } from './tree.ts';

const ROOT = '/zookeeper/quota';
const LIMITS = '/zookeeper_limits';
const STATS = '/zookeeper_stats';

/** Of which path these are the limits; undefined for any other node. The root itself cannot be limited. */
export function limitedBy(path: string): string | undefined {
  return pathBetween(path, LIMITS);
}

function pathBetween(path: string, name: string): string | undefined {
  if (!path.startsWith(ROOT) || !path.endsWith(name)) return undefined;
  const between = path.slice(ROOT.length, -name.length);
  return between.startsWith('/') ? between : undefined;
}

/** The deepest path at or above that has limits. */
function limitedAbove(tree: Tree, path: string): string | undefined {
  if (tree.limited.size === 0) return undefined;
  for (let at = path; at !== '/'; at = parentOf(at)) if (tree.limited.has(at)) return at;
  return undefined;
}

/** Whether hard limits leave no room. `nodes` and `bytes`: how many more there would be. */
export function isExceeded(tree: Tree, path: string, nodes: number, bytes: number): boolean {
  const limited = limitedAbove(tree, path);
  if (limited === undefined) return false;
  const limits = trackOf(tree.find(ROOT + limited + LIMITS));
  const stats = trackOf(tree.find(ROOT + limited + STATS));
  if (limits === undefined || stats === undefined) return false;
  const isAbove = (name: string, hardName: string, more: number) => {
    const hard = numberOf(limits, hardName);
    return more !== 0 && hard > -1 && numberOf(stats, name) + more > hard;
  };
  return isAbove('count', 'countHardLimit', nodes) || isAbove('bytes', 'byteHardLimit', bytes);
}

/** After a node was created (1), removed (-1) or changed (0): `bytes` of data more or less. */
export function account(tree: Tree, path: string, nodes: number, bytes: number): void {
  const limited = limitedAbove(tree, path);
  if (limited === undefined) return;
  const node = tree.find(ROOT + limited + STATS);
  const stats = trackOf(node);
  if (node === undefined || stats === undefined) return;
  stats.set('count', numberOf(stats, 'count') + nodes);
  stats.set('bytes', numberOf(stats, 'bytes') + bytes);
  setTrack(tree, node, stats);
}

/** Stats that have just been created, whatever their data are, begin with what is there. */
export function beginStats(tree: Tree, node: Znode): void {
  const path = pathBetween(node.path, STATS);
  if (path === undefined) return;
  let count = 0;
  let bytes = 0;
  const top = tree.find(path);
  const waiting = top === undefined ? [] : [top];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    count += 1;
    bytes += next.dataLength;
    for (const child of next.children()) waiting.push(child);
  }
  setTrack(
    tree,
    node,
    new Map([
      ['count', count],
      ['bytes', bytes],
    ]),
  );
}

type Track = Map<string, number>;

function numberOf(track: Track, name: string): number {
  return track.get(name) ?? -1;
}

/** What is not `name=number` is passed over. */
function trackOf(node: Znode | undefined): Track | undefined {
  if (node === undefined) return undefined;
  const track: Track = new Map();
  for (const pair of Buffer.from(node.data).toString('utf8').split(/[,;]+/)) {
    const [, name, value] = /^(\w+)=(-?\d{1,15})=?$/.exec(pair) ?? [];
    if (name !== undefined) track.set(name, Number(value));
  }
  return track;
}

/** In ZooKeeper's form: the second `=` after the bytes hides what follows from its oldest clients. */
function setTrack(tree: Tree, node: Znode, track: Track): void {
  const more = [...track.keys()].filter((name) => name !== 'count' && name !== 'bytes').sort();
  const text = [
    `count=${numberOf(track, 'count')},bytes=${numberOf(track, 'bytes')}${more.length > 0 ? '=' : ''}`,
    ...more.map((name) => `${name}=${numberOf(track, name)}`),
  ].join(';');
  tree.replaceData(node, Buffer.from(text));
}
