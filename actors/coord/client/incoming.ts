/** What comes to a session from the network, checked once: beyond this the types are believed. */
import { z } from 'zod';
import { decode } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { SessionEvent, SessionReplies } from '../../../protocol/znode-api.ts';

const whole = z.int().min(0);

// Fields that are new to this client are let through: members may be of a later version.
const sessionEvent = z.union([
  z.object({
    event: z.enum(['created', 'deleted', 'dataChanged', 'childrenChanged']),
    sessionId: z.string(),
    path: z.string(),
    zxid: whole,
    number: whole.optional(),
  }),
  z.object({ event: z.enum(['expired', 'moved']), sessionId: z.string() }),
]);

const opened = z.object({
  sessionId: z.string().min(1),
  password: z.string(),
  timeoutMs: z.int().min(1),
  /** A prefix, whatever its tokens are. */
  holder: z.string().min(1),
  member: whole,
  incarnation: whole,
  number: whole,
  events: whole.optional(),
});

/** Throws MesozooError BAD_REQUEST. */
export function readSessionEvent(payload: Uint8Array): SessionEvent {
  const parsed = sessionEvent.safeParse(decode(payload).value);
  if (!parsed.success)
    throw new MesozooError('BAD_REQUEST', 'no event of a session', { cause: parsed.error });
  return parsed.data as SessionEvent;
}

/** Undefined when it is none. */
export function readOpened(value: Record<string, unknown>): SessionReplies['open'] | undefined {
  const parsed = opened.safeParse(value);
  return parsed.success ? (parsed.data as SessionReplies['open']) : undefined;
}
