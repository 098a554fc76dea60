/**
 * The door of the leading master: offers the endpoints, checks what comes in once, and answers in the form of the
 * question. An answer leaves when everything before it is decided (see writes.ts), so nobody is told what the tree
 * may still forget.
 */
import { decode, encode, type Form } from '../../../protocol/codec.ts';
import { type ErrorBody, MesozooError } from '../../../protocol/errors.ts';
import type { Epoch } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import { problemOf } from '../../../protocol/problem.ts';
import { isInbox, queues } from '../../../protocol/subjects.ts';
import type { Delivery, Logger, Subscription, Transport } from '../../actor.ts';
import type { Route } from '../../bundled.ts';

/** Where an answer goes. */
interface Asker {
  readonly reply: string;
  readonly form: Form;
}

export interface DoorParts {
  readonly epoch: Epoch;
  readonly transport: Transport;
  readonly log: Logger;
  readonly afterwards: (effect: () => void) => void;
  /** False while another master may lead: that one gets the request too and answers it. */
  readonly mayServe: () => boolean;
  readonly routes: readonly Route[];
}

export class Door {
  private readonly parts: DoorParts;
  private endpoints: Subscription[] = [];
  /** Asked and not answered. */
  private readonly open = new Set<Asker>();
  /** Endpoints that get only what NATS has sent to them already. */
  private draining = 0;
  private isLeaving = false;

  constructor(parts: DoorParts) {
    this.parts = parts;
  }

  offer(): void {
    if (this.isLeaving) return;
    this.endpoints = this.parts.routes.map((route) =>
      this.parts.transport.serve(
        {
          service: route.service,
          name: route.name,
          subject: route.subject,
          queue: queues.leadingMaster(this.parts.epoch),
          description: route.description,
          schema: route.schema,
        },
        (delivery) => this.receive(route, delivery),
      ),
    );
  }

  withdraw(): void {
    for (const endpoint of this.endpoints) endpoint.unsubscribe();
    this.endpoints = [];
  }

  /** Takes nothing new for good. What NATS has handed to this queue nobody else gets: it is still carried out. */
  leave(): void {
    this.isLeaving = true;
    for (const endpoint of this.endpoints) {
      this.draining += 1;
      endpoint.drain(() => {
        this.draining -= 1;
      });
    }
    this.endpoints = [];
  }

  /** Everything that it has taken is answered. */
  get isIdle(): boolean {
    return this.open.size === 0 && this.draining === 0;
  }

  /** The leadership is over: what was asked may or may not have been done. */
  end(): void {
    this.withdraw();
    const error = new MesozooError(
      'CONNECTION_LOST',
      'the master was deposed before the outcome was known: ask the new leader',
    );
    for (const asker of this.open) this.publishError(asker, error.toBody());
    this.open.clear();
  }

  private receive(route: Route, delivery: Delivery): void {
    const { reply } = delivery;
    // Silence: a refusal, however definite, could overtake the answer of the one that carries the request out.
    if (!this.parts.mayServe()) return;
    if (reply !== undefined && !isInbox(reply)) {
      this.parts.log.warn('reply subject is no inbox', { subject: delivery.subject, reply });
      return;
    }
    let form: Form = 'json';
    let input: Record<string, unknown> = {};
    let request: unknown;
    try {
      if (delivery.payload.length > route.bytesMax)
        throw new MesozooError(
          'PAYLOAD_TOO_LARGE',
          `the request has ${delivery.payload.length} bytes; the limit is ${route.bytesMax}`,
        );
      ({ form, value: input } = decode(delivery.payload));
      request = check(route, input);
      if (this.open.size >= limits.operationsWaiting) throw new MesozooError('TOO_MANY_REQUESTS');
    } catch (error) {
      // Nothing was read of what is being decided: need not wait for it.
      this.refuseAtOnce(route, input, reply === undefined ? undefined : { reply, form }, error);
      return;
    }
    this.handle(route, input, request, reply === undefined ? undefined : { reply, form });
  }

  private handle(
    route: Route,
    input: Record<string, unknown>,
    request: unknown,
    asker: Asker | undefined,
  ): void {
    if (asker !== undefined) this.open.add(asker);
    const respond = Object.assign((value: unknown) => this.respond(asker, value), {
      form: asker?.form ?? 'json',
    });
    const refuse = (error: MesozooError) => this.refuse(route, input, asker, error);
    try {
      route.handle(request as never, respond, refuse);
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      refuse(error);
    }
  }

  private respond(asker: Asker | undefined, value: unknown): void {
    if (asker === undefined) return;
    // Encoded now: what is told is the state of this moment, not that of the moment when it leaves.
    const bytes = encode(value, asker.form);
    if (bytes.length > this.parts.transport.maxPayloadBytes) {
      this.publishError(
        asker,
        new MesozooError(
          'PAYLOAD_TOO_LARGE',
          'the answer is larger than a message: ask for less',
        ).toBody(),
      );
      this.open.delete(asker);
      return;
    }
    this.parts.afterwards(() => {
      if (!this.open.delete(asker)) return;
      this.parts.transport.publish(asker.reply, bytes);
    });
  }

  private refuse(
    route: Route,
    input: Record<string, unknown>,
    asker: Asker | undefined,
    error: MesozooError,
  ): void {
    this.parts.afterwards(() => {
      if (asker === undefined) route.refused?.(input, error);
      else if (this.open.delete(asker)) this.publishError(asker, error.toBody());
    });
  }

  private refuseAtOnce(
    route: Route,
    input: Record<string, unknown>,
    asker: Asker | undefined,
    error: unknown,
  ): void {
    if (!(error instanceof MesozooError)) throw error;
    if (asker === undefined) route.refused?.(input, error);
    else this.publishError(asker, error.toBody());
  }

  private publishError({ reply, form }: Asker, error: ErrorBody): void {
    this.parts.transport.publish(reply, encode({ error }, form), { error });
  }
}

function check(route: Route, input: Record<string, unknown>): unknown {
  const result = route.schema.safeParse(input);
  if (!result.success) throw problemOf(result.error, input);
  return result.data;
}
