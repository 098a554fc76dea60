/** What a member has counted since its start, for those who ask again and again; no word sets it back. */
import type { MetricReport } from './words/report.ts';

export class Counts {
  connectionsRejected = 0;
  sessionsAsked = 0;
  sessionsDropped = 0;
  authFailed = 0;
  private readonly reads = { count: 0, sumMs: 0 };
  private readonly updates = { count: 0, sumMs: 0 };

  answered(latencyMs: number, isWrite: boolean): void {
    const one = isWrite ? this.updates : this.reads;
    one.count += 1;
    one.sumMs += latencyMs;
  }

  /** Under the names of ZooKeeper's metrics. */
  report(): readonly MetricReport[] {
    const counter = (name: string, value: number) => ({ name, value, kind: 'counter' }) as const;
    return [
      counter('connection_request_count', this.sessionsAsked),
      counter('connection_rejected', this.connectionsRejected),
      counter('connection_drop_count', this.sessionsDropped),
      counter('auth_failed_count', this.authFailed),
    ];
  }

  /** Of which Prometheus makes averages over any time. */
  summaries(): readonly MetricReport[] {
    const parts = [
      ['readlatency', this.reads],
      ['updatelatency', this.updates],
    ] as const;
    return parts.flatMap(([name, { count, sumMs }]) => [
      { name: `${name}_count`, value: count, kind: 'counter' } as const,
      { name: `${name}_sum`, value: sumMs, kind: 'counter' } as const,
    ]);
  }
}
