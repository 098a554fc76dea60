/**
 * The headers of a NATS service error (ADR-32): `Nats-Service-Error` for people, and a number like HTTP's in
 * `Nats-Service-Error-Code`, because NATS clients read it as a number. The precise code is in the body.
 */
import type { ErrorBody, ErrorCode } from '../protocol/errors.ts';

const numbers: Partial<Record<ErrorCode, number>> = {
  AUTH_FAILED: 401,
  NO_AUTH: 403,
  NO_NODE: 404,
  NO_TASK: 404,
  NO_OUTPUT: 404,
  NO_AGENT: 404,
  NODE_EXISTS: 409,
  NOT_EMPTY: 409,
  BAD_VERSION: 409,
  IDEMPOTENCY_CONFLICT: 409,
  TASK_ENDED: 409,
  SESSION_MOVED: 409,
  SESSION_EXPIRED: 410,
  PAYLOAD_TOO_LARGE: 413,
  TOO_MANY_REQUESTS: 429,
  INTERNAL: 500,
  DISK_FULL: 507,
  DISK_FAILED: 500,
  LOG_DAMAGED: 500,
  STATE_DIVERGED: 500,
  NOT_LEADER: 503,
  UNAVAILABLE: 503,
  CONNECTION_LOST: 503,
  TIMEOUT: 504,
};
const MESSAGE_CHARACTERS_MAX = 300;

export function serviceErrorNumber(code: ErrorCode): number {
  return numbers[code] ?? 400;
}

/** One line of printable ASCII: a message may quote what a client sent, and must not make headers of its own. */
export function serviceErrorText(error: ErrorBody): string {
  const line = `${error.code}: ${error.message}`.replace(/[^\x20-\x7e]+/g, ' ');
  return line.length > MESSAGE_CHARACTERS_MAX
    ? `${line.slice(0, MESSAGE_CHARACTERS_MAX)}...`
    : line;
}
