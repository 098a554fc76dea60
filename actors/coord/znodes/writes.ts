/**
 * The writes of a session on one znode. Each is checked whole before it changes anything, in ZooKeeper's order of
 * checks (PrepRequestProcessor), so that the first error is the one that its clients expect.
 */
import { limits } from '../../../protocol/limits.ts';
import {
  type OperationResult,
  permissions,
  TTL_MS_MAX,
  type ZnodeOperation,
} from '../../../protocol/operations.ts';
import { parentOf, pathProblem } from '../../../protocol/paths.ts';
import { aclOf, aclProblem, allows, eventOf } from './acl.ts';
import { type Context, tell, UNTOLD } from './context.ts';
import { dataOrNull } from './data.ts';
import { account, beginStats, isExceeded } from './quotas.ts';
import { failure } from './result-codec.ts';
import { isProtected, type Znode } from './tree.ts';

type Create = Extract<ZnodeOperation, { kind: 'create' }>;
type Delete = Extract<ZnodeOperation, { kind: 'delete' }>;
type SetData = Extract<ZnodeOperation, { kind: 'set' }>;
type Check = Extract<ZnodeOperation, { kind: 'check' }>;
type SetAcl = Extract<ZnodeOperation, { kind: 'setAcl' }>;

const ANY_VERSION = -1;

export function writeZnode(context: Context, operation: ZnodeOperation): OperationResult {
  switch (operation.kind) {
    case 'create':
      return createNode(context, operation);
    case 'delete':
      return deleteNode(context, operation);
    case 'set':
      return setData(context, operation);
    case 'check':
      return checkVersion(context, operation);
    case 'setAcl':
      return setAcl(context, operation);
    case 'removeStale':
      return removeStale(context, operation.path);
    default:
      return operation satisfies never;
  }
}

function createNode(context: Context, operation: Create): OperationResult {
  const { tree, session, identities } = context;
  const badKind = kindProblem(operation);
  if (badKind !== undefined) return failure('BAD_REQUEST', badKind);
  if (isNoPath(operation.path)) return failure('BAD_PATH', 'the path must begin with "/"');
  const bytes = operation.data?.length ?? 0;
  if (bytes > limits.znodeDataBytes) return tooLarge();
  const badAcl = aclProblem(operation.acl);
  if (badAcl !== undefined) return failure('INVALID_ACL', badAcl);
  if (operation.ephemeral && session.ofMember)
    return failure('BAD_REQUEST', 'an ephemeral znode needs a session of its own');
  const parent = tree.find(parentOf(operation.path));
  if (parent === undefined) return failure('NO_NODE', 'the parent of the znode does not exist');
  if (!allows(parent.acl, permissions.create, identities)) return failure('NO_AUTH');
  const problem = pathProblem(operation.path, operation.sequential);
  if (problem !== undefined) return failure('BAD_PATH', problem);
  const path = operation.sequential
    ? operation.path + sequenceName(parent.creates)
    : operation.path;
  if (path.length > limits.pathBytes)
    return failure('BAD_PATH', `the path is longer than ${limits.pathBytes} bytes`);
  if (tree.find(path) !== undefined) return failure('NODE_EXISTS');
  if (parent.owner !== '') return failure('NO_CHILDREN_FOR_EPHEMERALS');
  if (operation.enforceQuota === true && isExceeded(tree, path, 1, bytes))
    return failure('QUOTA_EXCEEDED');
  const node = tree.create(parent, {
    path,
    data: dataOrNull(operation.data),
    acl: aclOf(operation.acl),
    czxid: context.zxid,
    mzxid: context.zxid,
    pzxid: context.zxid,
    ctimeMs: context.wallMs,
    mtimeMs: context.wallMs,
    version: 0,
    aversion: 0,
    creates: 0,
    owner: operation.ephemeral ? session.id : '',
    container: operation.container === true,
    ttlMs: operation.ttlMs ?? 0,
  });
  tell(
    context,
    eventOf('created', path, node.acl),
    eventOf('childrenChanged', parent.path, parent.acl),
  );
  const result = context.isAsked ? ({ kind: 'created', path, stat: node.stat() } as const) : UNTOLD;
  beginStats(tree, node);
  account(tree, path, 1, bytes);
  return result;
}

/** A znode goes in one way at most. */
function kindProblem({ ephemeral, sequential, container, ttlMs }: Create): string | undefined {
  if (ttlMs !== undefined && (ttlMs < 1 || ttlMs > TTL_MS_MAX))
    return `ttlMs must be 1 to ${TTL_MS_MAX}`;
  if (ephemeral && ttlMs !== undefined) return 'an ephemeral znode has no ttlMs';
  if (container === true && (ephemeral || sequential || ttlMs !== undefined))
    return 'a container is neither ephemeral nor sequential and has no ttlMs';
  return undefined;
}

/** %010d of a 32-bit counter: it overflows to negative numbers, as ZooKeeper's does. */
export function sequenceName(creates: number): string {
  const number = creates | 0;
  return number < 0 ? `-${String(-number).padStart(9, '0')}` : String(number).padStart(10, '0');
}

function deleteNode(context: Context, operation: Delete): OperationResult {
  const { path } = operation;
  if (isProtected(path)) return failure('BAD_REQUEST', 'this znode cannot be deleted');
  if (isNoPath(path)) return failure('BAD_PATH', 'the path must begin with "/"');
  const parent = context.tree.find(parentOf(path));
  if (parent === undefined) return failure('NO_NODE');
  if (!allows(parent.acl, permissions.delete, context.identities)) return failure('NO_AUTH');
  const node = context.tree.find(path);
  if (node === undefined) return failure('NO_NODE');
  if (operation.version !== ANY_VERSION && operation.version !== node.version)
    return failure('BAD_VERSION');
  if (node.childCount > 0) return failure('NOT_EMPTY');
  removeNode(context, node);
  return { kind: 'deleted' };
}

/** Also of an ephemeral whose session has ended: nothing is checked then. */
export function removeNode(context: Pick<Context, 'tree' | 'zxid' | 'events'>, node: Znode): void {
  context.tree.remove(node, context.zxid);
  account(context.tree, node.path, -1, -node.dataLength);
  tell(
    context,
    eventOf('deleted', node.path, node.acl),
    eventOf('childrenChanged', node.parent!.path, node.parent!.acl),
  );
}

function removeStale(context: Context, path: string): OperationResult {
  const node = context.tree.find(path);
  if (node?.isStale(context.wallMs) !== true) return { kind: 'checked' };
  removeNode(context, node);
  return { kind: 'deleted' };
}

function setData(context: Context, operation: SetData): OperationResult {
  const bytes = operation.data?.length ?? 0;
  if (bytes > limits.znodeDataBytes) return tooLarge();
  const node = context.tree.find(operation.path);
  if (node === undefined) return missing(operation.path);
  if (!allows(node.acl, permissions.write, context.identities)) return failure('NO_AUTH');
  const more = bytes - node.dataLength;
  if (operation.enforceQuota === true && isExceeded(context.tree, node.path, 0, more))
    return failure('QUOTA_EXCEEDED');
  if (operation.version !== ANY_VERSION && operation.version !== node.version)
    return failure('BAD_VERSION');
  const data = dataOrNull(operation.data);
  context.tree.setData(node, data, context.zxid, context.wallMs);
  tell(context, eventOf('dataChanged', node.path, node.acl));
  const result = context.isAsked ? ({ kind: 'stat', stat: node.stat() } as const) : UNTOLD;
  account(context.tree, node.path, 0, more);
  return result;
}

function checkVersion(context: Context, operation: Check): OperationResult {
  const node = context.tree.find(operation.path);
  if (node === undefined) return missing(operation.path);
  if (!allows(node.acl, permissions.read, context.identities)) return failure('NO_AUTH');
  if (operation.version !== ANY_VERSION && operation.version !== node.version)
    return failure('BAD_VERSION');
  return { kind: 'checked' };
}

/** Fires no watch. */
function setAcl(context: Context, operation: SetAcl): OperationResult {
  const node = context.tree.find(operation.path);
  const problem = node === undefined ? pathProblem(operation.path) : undefined;
  if (problem !== undefined) return failure('BAD_PATH', problem);
  const badAcl = aclProblem(operation.acl);
  if (badAcl !== undefined) return failure('INVALID_ACL', badAcl);
  if (node === undefined) return failure('NO_NODE');
  if (!allows(node.acl, permissions.admin, context.identities)) return failure('NO_AUTH');
  if (operation.aversion !== ANY_VERSION && operation.aversion !== node.aversion)
    return failure('BAD_VERSION');
  context.tree.setAcl(node, aclOf(operation.acl));
  return { kind: 'stat', stat: node.stat() };
}

/** As ZooKeeper: of a path that can be none, more is not looked at than whether it has a parent. */
function isNoPath(path: string): boolean {
  return !path.includes('/') || path.includes('\0');
}

/** Only paths without a node need looking at: those with one are legal. */
function missing(path: string): OperationResult {
  const problem = pathProblem(path);
  return problem === undefined ? failure('NO_NODE') : failure('BAD_PATH', problem);
}

function tooLarge(): OperationResult {
  return failure('PAYLOAD_TOO_LARGE', `data are larger than ${limits.znodeDataBytes} bytes`);
}
