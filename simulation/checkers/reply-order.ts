/**
 * What a connection of ZooKeeper's protocol promises: replies come in the order of the requests, and the zxids in them
 * never go back within a session, whichever member it is connected to.
 */
import type { Violations } from '../violations.ts';

export class ReplyOrderChecker {
  private readonly violations: Violations;
  private readonly seen = new Map<string, number>();

  constructor(violations: Violations) {
    this.violations = violations;
  }

  /** `expectedXid`: of the oldest request without a reply; undefined when there is none. */
  reply(session: string, expectedXid: number | undefined, xid: number, zxid: number): void {
    if (xid !== expectedXid)
      this.violations.report(
        'reply-order',
        `${session} was answered under xid ${xid}, the oldest request is ${expectedXid ?? 'none'}`,
      );
    const seen = this.seen.get(session) ?? 0;
    // What is refused before it is looked at has no zxid.
    if (zxid > 0 && zxid < seen)
      this.violations.report('reply-order', `${session} was at zxid ${seen} and then at ${zxid}`);
    this.seen.set(session, Math.max(seen, zxid));
  }
}
