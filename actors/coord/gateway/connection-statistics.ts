/** What `cons` and the admin pages tell of one connection. */
import { Tally } from './tally.ts';

export class ConnectionStatistics {
  received = 0;
  sent = 0;
  establishedMs = 0;
  readonly latencyMs = new Tally();
  /** The last request that was answered. */
  readonly last = { type: 0, xid: 0, zxid: 0, atMs: 0 };

  /** Returns the latency in whole milliseconds. */
  answered(
    request: { readonly type: number; readonly xid: number; readonly sinceMs: number },
    zxid: number,
    nowMs: number,
  ): number {
    this.sent += 1;
    const latencyMs = Math.round(nowMs - request.sinceMs);
    this.latencyMs.add(latencyMs);
    const { last } = this;
    last.type = request.type;
    last.xid = request.xid;
    last.zxid = zxid;
    last.atMs = nowMs;
    return latencyMs;
  }

  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.latencyMs.reset();
  }
}
