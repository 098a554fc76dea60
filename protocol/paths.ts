/** Where the system keeps its own state in the tree (public), and which paths are legal. */
import type { AgentId, AttemptId, FrameworkId, TaskId } from './ids.ts';
import { limits } from './limits.ts';

export const treePaths = {
  /** Masters, ephemeral sequential: `json.info_0000000001`, as Mesos writes them. */
  masters: '/mesos',
  masterPrefix: 'json.info_',
  root: '/mesozoo',
  agents: '/mesozoo/agents',
  tasks: '/mesozoo/tasks',
  frameworks: '/mesozoo/frameworks',
  agent: (id: AgentId) => `/mesozoo/agents/${id}`,
  /** The request, written once. */
  task: (id: TaskId) => `/mesozoo/tasks/${bucketOf(id)}/${id}`,
  /** State, attempt and history: small, rewritten. */
  taskState: (id: TaskId) => `/mesozoo/tasks/${bucketOf(id)}/${id}/state`,
  framework: (id: FrameworkId) => `/mesozoo/frameworks/${id}`,
  /** What a framework has launched and has not acknowledged the end of. */
  launches: (id: FrameworkId) => `/mesozoo/frameworks/${id}/tasks`,
  launch: (id: FrameworkId, attempt: AttemptId) => `/mesozoo/frameworks/${id}/tasks/${attempt}`,
} as const;

/** All 256 buckets, `00` to `ff`. */
export const taskBuckets: readonly string[] = Array.from({ length: 256 }, (_, index) =>
  index.toString(16).padStart(2, '0'),
);

/** FNV-1a over the id: spreads tasks so that no list of children grows past a message. */
export function bucketOf(id: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++)
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0;
  return (hash & 0xff).toString(16).padStart(2, '0');
}

/**
 * What is wrong with a path, in words, or undefined. ZooKeeper's rules (PathUtils.validatePath): absolute, no empty
 * node names, no "." or "..", no final slash, no null, control, surrogate or private-use characters.
 * With `sequential` the counter is a part of the last name, or all of it: a final slash, "." and ".." are legal.
 */
export function pathProblem(path: string, sequential = false): string | undefined {
  if (isPlain(path)) return undefined;
  if (path.length === 0) return 'the path is empty';
  if (!path.startsWith('/')) return 'the path must begin with "/"';
  if (path.length * 3 > limits.pathBytes && utf8Bytes(path) > limits.pathBytes)
    return `the path is longer than ${limits.pathBytes} bytes`;
  if (path === '/') return undefined;
  const whole = sequential ? `${path}0` : path;
  if (whole.endsWith('/')) return 'the path must not end with "/"';
  for (const name of whole.slice(1).split('/')) {
    if (name === '') return 'the path has an empty node name ("//")';
    if (name === '.' || name === '..') return 'relative paths ("." and "..") are not allowed';
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const bad = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/.exec(whole);
  if (bad !== null)
    return `the path has the character U+${bad[0].charCodeAt(0).toString(16).padStart(4, '0')}, which is not allowed`;
  return undefined;
}

/** Nearly all are, and need no closer look: ASCII that can be printed, not too long, and no name begins with a dot. */
function isPlain(path: string): boolean {
  const { length } = path;
  if (length === 0 || length > limits.pathBytes) return false;
  let before = 0;
  for (let index = 0; index < length; index++) {
    const code = path.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
    if (before === SLASH ? code === SLASH || code === DOT : index === 0 && code !== SLASH)
      return false;
    before = code;
  }
  return before !== SLASH;
}

const SLASH = 0x2f;
const DOT = 0x2e;

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Where ZooKeeper's clients read who the members are. */
export const CONFIG_PATH = '/zookeeper/config';
