/** The client's intervals, made from the session's timeout (contract.ts says what each is for). */
import type { ClientTiming } from './contract.ts';

export function timingOf(
  timeoutMs: number,
  given: Partial<ClientTiming> | undefined,
): ClientTiming {
  const pingIntervalMs = Math.min(1_500, timeoutMs / 3);
  return {
    tickMs: Math.min(200, Math.max(20, timeoutMs / 40)),
    pingIntervalMs,
    probeAfterMs: Math.min(400, timeoutMs / 6),
    silenceMs: Math.min(1_200, timeoutMs / 4),
    stuckMs: Math.max(2_000, timeoutMs / 2),
    resendMs: 1_000,
    attachRetryMs: Math.min(500, timeoutMs / 8),
    ...given,
  };
}
