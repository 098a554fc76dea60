/** What a member has counted since its start, for those who ask again and again; no word sets it back. */
import { LatencySummary } from './latency-summary.ts';
import type { MetricReport, SummaryReport } from './words/report.ts';

export class Counts {
  connectionsRejected = 0;
  sessionsAsked = 0;
  sessionsDropped = 0;
  authFailed = 0;
  private readonly reads = new LatencySummary('readlatency');
  private readonly updates = new LatencySummary('updatelatency');

  answered(latencyMs: number, isWrite: boolean): void {
    (isWrite ? this.updates : this.reads).add(latencyMs);
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

  summaries(): readonly SummaryReport[] {
    return [this.reads.report(), this.updates.report()];
  }

  /** To be told of now and then. */
  timePasses(nowMs: number): void {
    this.reads.timePasses(nowMs);
    this.updates.timePasses(nowMs);
  }
}
