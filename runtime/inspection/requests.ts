/** Checks a request on `mz.inspect.start` once, and answers it in the form of the question. */
import type { Delivery, Logger, Transport } from '../../actors/actor.ts';
import { problemOf } from '../../protocol/problem.ts';
import { decode, encode, type Form } from '../../protocol/codec.ts';
import { MesozooError } from '../../protocol/errors.ts';
import {
  type InspectStart,
  type InspectStartReply,
  inspectStart,
} from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';
import { isInbox } from '../../protocol/subjects.ts';

/** `take` throws MesozooError for a refusal. */
export function answerStart(
  { subject, payload, reply }: Delivery,
  { transport, log }: { readonly transport: Transport; readonly log: Logger },
  take: (request: InspectStart) => InspectStartReply,
): void {
  if (reply !== undefined && !isInbox(reply)) {
    log.warn('reply subject is no inbox', { subject, reply });
    return;
  }
  let form: Form = 'json';
  try {
    if (payload.length > limits.inspectRequestBytes)
      throw new MesozooError(
        'PAYLOAD_TOO_LARGE',
        `the request has ${payload.length} bytes; the limit is ${limits.inspectRequestBytes}`,
      );
    const decoded = decode(payload);
    form = decoded.form;
    const checked = inspectStart.safeParse(decoded.value);
    if (!checked.success) throw problemOf(checked.error, decoded.value);
    const answer = take(checked.data);
    if (reply !== undefined) transport.publish(reply, encode(answer, form));
  } catch (error) {
    if (!(error instanceof MesozooError)) throw error;
    if (reply === undefined) log.warn('request refused', { subject, code: error.code });
    else
      transport.publish(reply, encode({ error: error.toBody() }, form), { error: error.toBody() });
  }
}
