/** The calls of one subscription that have no answer yet: each gets exactly one, the master's or a reason for none. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Call, Outcome, Requests } from '../../coord/client/requests.ts';

export type Settle = (
  result: { ok: true; reply: object } | { ok: false; error: MesozooError },
) => void;

export class OpenCalls {
  private readonly requests: Requests;
  private readonly open = new Map<Settle, Call>();

  constructor(requests: Requests) {
    this.requests = requests;
  }

  get size(): number {
    return this.open.size;
  }

  /**
   * `settle` is called once; `settled` after it, with what came back. Throws what the transport throws for a message
   * that is too large; nothing is called then.
   */
  send(
    subject: string,
    payload: Uint8Array,
    deadlineMs: number,
    settle: Settle,
    settled: (outcome: Outcome) => void,
  ): void {
    const once: Settle = (result) => settle(result);
    const call = this.requests.open(
      (outcome) => {
        // Ended meanwhile, by the end of its subscription.
        if (!this.open.delete(once)) return;
        once(resultOf(outcome, subject));
        settled(outcome);
      },
      { deadlineMs },
    );
    try {
      call.send(subject, payload);
    } catch (error) {
      call.end();
      throw error;
    }
    this.open.set(once, call);
  }

  /** All that wait are told the same. */
  failAll(error: MesozooError): void {
    const waiting = [...this.open];
    this.open.clear();
    for (const [, call] of waiting) call.end();
    for (const [settle] of waiting) settle({ ok: false, error });
  }
}

function resultOf(outcome: Outcome, subject: string): Parameters<Settle>[0] {
  switch (outcome.kind) {
    case 'reply':
      return { ok: true, reply: outcome.value };
    case 'error':
      return { ok: false, error: outcome.error };
    case 'noResponder':
      return {
        ok: false,
        error: new MesozooError('UNAVAILABLE', `no master leads: nobody listens on ${subject}`),
      };
    case 'timeout':
      return { ok: false, error: new MesozooError('TIMEOUT', `no answer on ${subject}`) };
  }
}
