/**
 * One request between its arrival and its answer, and all that are open, for their deadlines.
 *
 * A request is answered exactly once, in the form in which it was asked. What is still open at its deadline gets
 * TIMEOUT when its write has left for the quorum (it may yet be carried out), else UNAVAILABLE (it never will be).
 */
import { encode, type Form, textOf } from '../../../protocol/codec.ts';
import { type ErrorBody, MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import { isInbox } from '../../../protocol/subjects.ts';
import type { Delivery, Transport } from '../../actor.ts';

/** Room for what the server adds to a message: subjects and headers. */
const HEADROOM_BYTES = 4096;

export class OpenRequest {
  readonly name: string;
  readonly deadlineAtMs: number;
  /** The write has been given to the quorum. */
  isSubmitted = false;
  isAnswered = false;
  /** Of the session that asks: events published to it so far. The answer tells it, so that a lost event is noticed. */
  events: (() => number) | undefined;
  /** The count of open requests that this one is in. */
  counted: { open: number } | undefined;
  private readonly transport: Transport;
  private readonly askers: { readonly reply: string; readonly form: Form }[] = [];

  constructor(transport: Transport, name: string, deadlineAtMs: number) {
    this.transport = transport;
    this.name = name;
    this.deadlineAtMs = deadlineAtMs;
  }

  /** Who gets the answer. A repeat of a request that is open joins it. */
  addAsker(reply: string | undefined, form: Form): void {
    if (reply !== undefined && isInbox(reply)) this.askers.push({ reply, form });
  }

  /** The other request will answer this one's asker as well. */
  handTo(other: OpenRequest): void {
    other.askers.push(...this.askers.splice(0));
    this.end();
  }

  answer(body: object): void {
    const whole = this.withEvents(body);
    this.settle((reply, form) => this.publish(reply, form, encode(whole, form)));
  }

  answerData(data: Uint8Array, body: object): void {
    const rest = this.withEvents(body);
    this.settle((reply, form) => {
      const isPacked = form === 'msgpack';
      const payload = isPacked ? encode({ data, ...rest }, form) : this.jsonWithData(data, rest);
      this.publish(reply, form, payload);
    });
  }

  fail(error: MesozooError): void {
    this.failWith(error.toBody());
  }

  failWith(error: ErrorBody, more: object = {}): void {
    const body = this.withEvents({ error, ...more });
    this.settle((reply, form) => this.transport.publish(reply, encode(body, form), { error }));
  }

  expire(): void {
    this.fail(
      this.isSubmitted
        ? new MesozooError('TIMEOUT')
        : new MesozooError('UNAVAILABLE', 'the quorum did not answer in time: nothing was changed'),
    );
  }

  private withEvents(body: object): object {
    return this.events === undefined ? body : { ...body, events: this.events() };
  }

  private settle(send: (reply: string, form: Form) => void): void {
    if (this.isAnswered) return;
    this.end();
    for (const { reply, form } of this.askers) send(reply, form);
  }

  private end(): void {
    this.isAnswered = true;
    if (this.counted !== undefined) this.counted.open -= 1;
    this.counted = undefined;
  }

  private publish(reply: string, form: Form, payload: Uint8Array): void {
    if (payload.length <= this.bytesMax) {
      this.transport.publish(reply, payload);
      return;
    }
    const size = `its answer of ${payload.length} bytes does not fit into a message`;
    const error = (
      this.isSubmitted
        ? new MesozooError('REPLY_FORGOTTEN', `the request was carried out, but ${size}`)
        : new MesozooError('PAYLOAD_TOO_LARGE', `the request has changed nothing, and ${size}`)
    ).toBody();
    this.transport.publish(reply, encode(this.withEvents({ error }), form), { error });
  }

  /** Text as it is; other bytes, and text that JSON would swell beyond a message, in base 64. */
  private jsonWithData(data: Uint8Array, rest: object): Uint8Array {
    const text = textOf(data);
    if (text !== undefined) {
      const payload = encode({ data: text, ...rest }, 'json');
      if (payload.length <= this.bytesMax) return payload;
    }
    return encode({ dataBase64: Buffer.from(data).toString('base64'), ...rest }, 'json');
  }

  private get bytesMax(): number {
    return this.transport.maxPayloadBytes - HEADROOM_BYTES;
  }
}

/** Beyond these the answered ones are cleared away. */
const ANSWERED_KEPT = 4096;

/** Requests that could not be answered at once, oldest first; all have the same patience, so the oldest ends first. */
export class OpenRequests {
  private readonly transport: Transport;
  private queue: OpenRequest[] = [];
  private head = 0;
  private readonly count = { open: 0 };

  constructor(transport: Transport) {
    this.transport = transport;
  }

  get size(): number {
    return this.count.open;
  }

  begin(name: string, delivery: Delivery, form: Form, nowMs: number): OpenRequest {
    const request = new OpenRequest(this.transport, name, nowMs + limits.requestDeadlineMs);
    request.addAsker(delivery.reply, form);
    return request;
  }

  /** From now on its deadline counts. */
  watch(request: OpenRequest): void {
    if (request.isAnswered) return;
    request.counted = this.count;
    this.count.open += 1;
    this.queue.push(request);
    // An open one may have many behind it that were answered long ago.
    if (this.queue.length > 2 * this.count.open + ANSWERED_KEPT) {
      this.queue = this.queue.slice(this.head).filter(({ isAnswered }) => !isAnswered);
      this.head = 0;
    }
  }

  /** Answers what is over its deadline, and forgets what was answered. Says whether any has expired. */
  sweep(nowMs: number): boolean {
    let expired = false;
    while (this.head < this.queue.length) {
      const request = this.queue[this.head]!;
      if (!request.isAnswered) {
        if (request.deadlineAtMs > nowMs) break;
        request.expire();
        expired = true;
      }
      this.head += 1;
    }
    if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    return expired;
  }

  failAll(error: MesozooError): void {
    for (const request of this.queue) request.fail(error);
    this.queue = [];
    this.head = 0;
  }
}
