/**
 * What the session's client refuses before it numbers a request. A write that the holder would refuse unread leaves a
 * hole in the numbers, so everything that the door checks is checked here first, and the ACLs that the tree checks.
 */
import type { z } from 'zod';
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import type { AclEntry } from '../../../protocol/operations.ts';
import { pathProblem } from '../../../protocol/paths.ts';
import {
  type ZnodeRequest,
  type ZnodeRequestName,
  znodeRequests,
} from '../../../protocol/znode-api.ts';
import { aclProblem } from '../znodes/acl.ts';

export const writeNames: ReadonlySet<ZnodeRequestName> = new Set([
  'create',
  'set',
  'delete',
  'multi',
  'acl.set',
]);

/** What is wrong with the request, or undefined. */
export function requestProblem<Name extends ZnodeRequestName>(
  name: Name,
  request: ZnodeRequest<Name>,
): MesozooError | undefined {
  const parsed = znodeRequests[name].safeParse(request);
  if (!parsed.success) return schemaProblem(parsed.error);
  const value = parsed.data as Record<string, unknown>;
  for (const field of ['sessionId', 'number', 'auth'])
    if (value[field] !== undefined)
      return new MesozooError('BAD_REQUEST', `"${field}" is the session's own business`);
  if (name === 'multi') return multiProblem(value.operations as Record<string, unknown>[]);
  return name === 'reconfig' ? undefined : nodeProblem(value);
}

function multiProblem(operations: readonly Record<string, unknown>[]): MesozooError | undefined {
  let bytes = 0;
  for (const operation of operations) {
    const problem = nodeProblem(operation);
    if (problem !== undefined) return problem;
    bytes += dataBytes(operation) + String(operation.path).length;
  }
  if (bytes > limits.multiBytes)
    return new MesozooError(
      'PAYLOAD_TOO_LARGE',
      `the multi has ${bytes} bytes, more than ${limits.multiBytes}`,
    );
  return undefined;
}

function nodeProblem(value: Record<string, unknown>): MesozooError | undefined {
  const problem = pathProblem(String(value.path), value.sequential === true);
  if (problem !== undefined) return new MesozooError('BAD_PATH', problem);
  const badAcl = value.acl === undefined ? undefined : aclProblem(value.acl as AclEntry[]);
  if (badAcl !== undefined) return new MesozooError('INVALID_ACL', badAcl);
  if (value.data !== undefined && value.dataBase64 !== undefined)
    return new MesozooError('BAD_REQUEST', 'give either data or dataBase64');
  const bytes = dataBytes(value);
  if (bytes > limits.znodeDataBytes)
    return new MesozooError(
      'PAYLOAD_TOO_LARGE',
      `the data have ${bytes} bytes, more than ${limits.znodeDataBytes}`,
    );
  return undefined;
}

const textEncoder = new TextEncoder();

/** How many bytes of data a create or set carries. */
export function dataBytes(value: Record<string, unknown>): number {
  const { data, dataBase64 } = value;
  if (data instanceof Uint8Array) return data.length;
  if (typeof data === 'string') return textEncoder.encode(data).length;
  if (typeof dataBase64 === 'string') return Math.floor((dataBase64.length * 3) / 4);
  return 0;
}

/** Data that a waiting request keeps in memory. */
export function requestBytes(request: Record<string, unknown>): number {
  const operations = request.operations as Record<string, unknown>[] | undefined;
  if (operations === undefined) return dataBytes(request);
  return operations.reduce((sum, operation) => sum + dataBytes(operation), 0);
}

function schemaProblem(error: z.ZodError): MesozooError {
  const issue = error.issues[0];
  if (issue === undefined) return new MesozooError('BAD_REQUEST');
  const where = issue.path.join('.');
  return new MesozooError(
    issue.code === 'unrecognized_keys' ? 'UNKNOWN_FIELD' : 'BAD_REQUEST',
    where === '' ? issue.message : `${where}: ${issue.message}`,
  );
}
