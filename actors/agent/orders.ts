/**
 * Reads what masters order. What is not an order changes nothing. Fields that a newer master may add are left out of
 * account; ids are held to forms that are safe as names of files and as tokens of subjects.
 */
import { z } from 'zod';
import { decode } from '../../protocol/codec.ts';
import { MesozooError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import type { MasterOrder } from '../../protocol/orders.ts';

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/);
/** `<taskId>.<submission>.<number>`. */
const attemptId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}(\.[A-Za-z0-9]{1,16}){1,2}$/);
const scalar = z.number().min(0).max(limits.memMiBMax);
const milliseconds = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const limit = z.int().min(1).max(limits.memMiBMax);
const port = z.int().min(0).max(65_535);

const attempt = z.object({
  attemptId,
  taskId: id,
  name: z.string(),
  argv: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  user: z.string().min(1).optional(),
  limits: z
    .object({
      openFiles: limit.optional(),
      addressSpaceMiB: limit.optional(),
      fileSizeMiB: limit.optional(),
    })
    .optional(),
  resources: z.object({
    cpus: scalar,
    mem: scalar,
    disk: scalar,
    gpus: scalar,
    ports: z.array(z.tuple([port, port])),
  }),
  timeoutMs: milliseconds.optional(),
  killGraceMs: milliseconds,
  executor: z.enum(['process', 'noop']),
});

const from = { masterId: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/), epoch: z.int().min(1) };
const requestId = z.string().min(1).max(128);

const masterOrder = z.discriminatedUnion('type', [
  z.object({
    ...from,
    type: z.literal('registered'),
    pingIntervalMs: milliseconds,
    pingTimeoutMs: z.number().min(1).max(86_400_000),
    giveUp: z.array(attemptId),
  }),
  z.object({ ...from, type: z.literal('registerAgain') }),
  z.object({ ...from, type: z.literal('ping') }),
  z.object({ ...from, type: z.literal('launch'), attempt }),
  z.object({ ...from, type: z.literal('kill'), attemptId, graceMs: milliseconds }),
  z.object({ ...from, type: z.literal('giveUp'), attemptId }),
  z.object({ ...from, type: z.literal('acknowledge'), attemptId, number: z.int().min(1) }),
  z.object({
    ...from,
    type: z.literal('readOutput'),
    requestId,
    attemptId,
    stream: z.enum(['stdout', 'stderr']),
    offset: z.int().min(0),
    length: z.int().min(1),
  }),
  z.object({
    ...from,
    type: z.literal('follow'),
    requestId,
    attemptId,
    taskId: id,
    leaseMs: milliseconds,
  }),
]);

/** Throws BAD_REQUEST for anything but an order. */
export function readOrder(payload: Uint8Array): MasterOrder {
  const parsed = masterOrder.safeParse(decode(payload).value);
  if (!parsed.success)
    throw new MesozooError('BAD_REQUEST', `not an order: ${z.prettifyError(parsed.error)}`);
  return parsed.data as unknown as MasterOrder;
}
