/** From a checked request to the operation that the log carries, and from its result to the answer. */
import { assert, type ErrorBody } from '../../../protocol/errors.ts';
import type { Zxid } from '../../../protocol/ids.ts';
import type {
  OperationResult,
  WriteOperation,
  ZnodeOperation,
} from '../../../protocol/operations.ts';
import type { ZnodeReplies, ZnodeRequestName } from '../../../protocol/znode-api.ts';
import { OPEN_ACL } from './credentials.ts';
import type { AnyZnodeBody, MultiOperationBody, ZnodeBody } from './validation.ts';

const NO_DATA = new Uint8Array(0);

export function operationOf(name: ZnodeRequestName, body: AnyZnodeBody): WriteOperation {
  switch (name) {
    case 'create':
      return createOf(body as ZnodeBody<'create'>);
    case 'set':
      return setOf(body as ZnodeBody<'set'>);
    case 'delete': {
      const { path, version } = body as ZnodeBody<'delete'>;
      return { kind: 'delete', path, version };
    }
    case 'acl.set': {
      const { path, acl, version } = body as ZnodeBody<'acl.set'>;
      return { kind: 'setAcl', path, acl, aversion: version };
    }
    case 'multi':
      return {
        kind: 'multi',
        operations: (body as ZnodeBody<'multi'>).operations.map(multiOperationOf),
      };
    default:
      assert(false, `${name} is no write`);
  }
}

export function hasEphemeral(operation: WriteOperation): boolean {
  const operations = operation.kind === 'multi' ? operation.operations : [operation];
  return operations.some((one) => one.kind === 'create' && one.ephemeral);
}

function multiOperationOf(body: MultiOperationBody): ZnodeOperation {
  switch (body.op) {
    case 'create':
      return createOf(body);
    case 'set':
      return setOf(body);
    case 'delete':
      return { kind: 'delete', path: body.path, version: body.version };
    case 'check':
      return { kind: 'check', path: body.path, version: body.version };
    default:
      return body satisfies never;
  }
}

type CreateFields = Pick<
  ZnodeBody<'create'>,
  'path' | 'data' | 'dataBase64' | 'acl' | 'ephemeral' | 'sequential' | 'container' | 'ttlMs'
>;

function createOf(body: CreateFields): ZnodeOperation {
  return {
    kind: 'create',
    path: body.path,
    data: dataOf(body),
    acl: body.acl ?? OPEN_ACL,
    ephemeral: body.ephemeral,
    sequential: body.sequential,
    ...(body.container ? { container: true } : {}),
    ...(body.ttlMs === undefined ? {} : { ttlMs: body.ttlMs }),
  };
}

function setOf(body: Pick<ZnodeBody<'set'>, 'path' | 'data' | 'dataBase64' | 'version'>) {
  return { kind: 'set', path: body.path, data: dataOf(body), version: body.version } as const;
}

function dataOf(body: { data?: string | Uint8Array; dataBase64?: string }): Uint8Array {
  if (body.dataBase64 !== undefined) return Buffer.from(body.dataBase64, 'base64');
  if (typeof body.data === 'string') return Buffer.from(body.data);
  return body.data ?? NO_DATA;
}

/** What is answered: the body, or an error (with each operation's own, for a multi). */
export type WriteAnswer =
  | { readonly body: Record<string, unknown> }
  | { readonly error: ErrorBody; readonly failures?: readonly (ErrorBody | undefined)[] };

export function answerOf(result: OperationResult, zxid: Zxid): WriteAnswer {
  switch (result.kind) {
    case 'created':
      return {
        body: { path: result.path, stat: result.stat, zxid } satisfies ZnodeReplies['create'],
      };
    case 'deleted':
      return { body: { zxid } satisfies ZnodeReplies['delete'] };
    case 'stat':
      return { body: { stat: result.stat, zxid } satisfies ZnodeReplies['set'] };
    case 'multi':
      return {
        body: { results: result.results.map(resultOfOne), zxid } satisfies ZnodeReplies['multi'],
      };
    case 'error':
      return result.failures === undefined
        ? { error: result.error }
        : { error: result.error, failures: result.failures };
    case 'checked':
    case 'session':
    case 'closed':
      assert(false, `${result.kind} is no result of a write`);
      break;
    default:
      return result satisfies never;
  }
}

function resultOfOne(result: OperationResult): ZnodeReplies['multi']['results'][number] {
  switch (result.kind) {
    case 'created':
      return { op: 'create', path: result.path, stat: result.stat };
    case 'stat':
      return { op: 'set', stat: result.stat };
    case 'deleted':
      return { op: 'delete' };
    case 'checked':
      return { op: 'check' };
    default:
      assert(false, `${result.kind} is no result of an operation in a multi`);
  }
}
