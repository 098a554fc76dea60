/**
 * The border: what a client has sent is checked here once, and believed behind it. Each complaint names the field.
 */
import type { z } from 'zod';
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import { pathProblem } from '../../../protocol/paths.ts';
import {
  holderPing,
  sessionRequests,
  type ZnodeRequestName,
  znodeRequests,
} from '../../../protocol/znode-api.ts';

export type ZnodeBody<Name extends ZnodeRequestName> = z.output<(typeof znodeRequests)[Name]>;
export type AnyZnodeBody = { [Name in ZnodeRequestName]: ZnodeBody<Name> }[ZnodeRequestName];
export type SessionRequestName = keyof typeof sessionRequests;
export type SessionBody<Name extends SessionRequestName> = z.output<(typeof sessionRequests)[Name]>;
export type MultiOperationBody = ZnodeBody<'multi'>['operations'][number];

const writeNames: ReadonlySet<ZnodeRequestName> = new Set([
  'create',
  'set',
  'delete',
  'multi',
  'acl.set',
]);

export function isWrite(name: ZnodeRequestName): boolean {
  return writeNames.has(name);
}

/** Throws BAD_REQUEST, UNKNOWN_FIELD, BAD_PATH, PAYLOAD_TOO_LARGE. */
export function parseZnodeRequest<Name extends ZnodeRequestName>(
  name: Name,
  value: Record<string, unknown>,
): ZnodeBody<Name> {
  const parsed = znodeRequests[name].safeParse(value);
  if (!parsed.success) throw complaint(parsed.error.issues, value);
  const body = parsed.data as AnyZnodeBody;
  if ('path' in body) checkPath(body.path, 'sequential' in body && body.sequential, '');
  if ('operations' in body) {
    body.operations.forEach((operation, index) => {
      const where = `operations[${index}]: `;
      checkPath(operation.path, operation.op === 'create' && operation.sequential, where);
      checkData(operation, where);
    });
  } else {
    checkData(body, '');
  }
  return body as ZnodeBody<Name>;
}

/** Throws BAD_REQUEST, UNKNOWN_FIELD. */
export function parseSessionRequest<Name extends SessionRequestName>(
  name: Name,
  value: Record<string, unknown>,
): SessionBody<Name> {
  const parsed = sessionRequests[name].safeParse(value);
  if (!parsed.success) throw complaint(parsed.error.issues, value);
  return parsed.data as SessionBody<Name>;
}

/** Throws BAD_REQUEST, UNKNOWN_FIELD. */
export function parseHolderPing(value: Record<string, unknown>): z.output<typeof holderPing> {
  const parsed = holderPing.safeParse(value);
  if (!parsed.success) throw complaint(parsed.error.issues, value);
  return parsed.data;
}

function checkPath(path: string, sequential: boolean, where: string): void {
  const problem = pathProblem(path, sequential);
  if (problem !== undefined)
    throw new MesozooError('BAD_PATH', `${where}${problem}: ${show(path)}`);
}

function checkData(body: object, where: string): void {
  const { data, dataBase64 } = body as { data?: string | Uint8Array; dataBase64?: string };
  if (data !== undefined && dataBase64 !== undefined) {
    throw new MesozooError('BAD_REQUEST', `${where}give either data or dataBase64, not both`);
  }
  const bytes =
    typeof data === 'string'
      ? Buffer.byteLength(data)
      : (data?.length ?? Buffer.byteLength(dataBase64 ?? '', 'base64'));
  if (bytes > limits.znodeDataBytes) {
    throw new MesozooError(
      'PAYLOAD_TOO_LARGE',
      `${where}the data have ${bytes} bytes, a znode holds at most ${limits.znodeDataBytes}`,
    );
  }
}

interface Issue {
  readonly code: string;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
}

function complaint(issues: readonly unknown[], value: Record<string, unknown>): MesozooError {
  const all = issues as readonly Issue[];
  const unknown = all.find(({ code }) => code === 'unrecognized_keys');
  if (unknown !== undefined) {
    const names = (unknown.keys ?? []).map((key) => `"${fieldName([...unknown.path, key])}"`);
    return new MesozooError('UNKNOWN_FIELD', `there is no field ${names.join(', ')}`);
  }
  const [first] = all;
  if (first === undefined) return new MesozooError('BAD_REQUEST');
  const field = fieldName(first.path);
  if (
    first.path[first.path.length - 1] === 'path' &&
    typeof valueAt(value, first.path) === 'string'
  ) {
    const path = valueAt(value, first.path) as string;
    return new MesozooError('BAD_PATH', `${field}: ${pathProblem(path) ?? first.message}`);
  }
  return new MesozooError('BAD_REQUEST', `the field "${field}" is wrong: ${first.message}`);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) at = (at as Record<PropertyKey, unknown> | undefined)?.[key];
  return at;
}

function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) =>
      typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`,
    )
    .join('');
}

const SHOWN_MAX = 100;

function show(text: string): string {
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}
