/**
 * The events of one subscription as they come over NATS, which loses some and repeats some: read, and put to the test of
 * their numbers. The master is believed; that a message is one of its events is checked.
 */
import { decode } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { FrameworkEvent } from '../../../protocol/framework-api.ts';

export type NumberedEvent = FrameworkEvent & { readonly sequence: number };
export type Verdict = 'next' | 'repeat' | 'gap';

/** Throws BAD_REQUEST for what is no event. A type that is not known here may be one of a later version. */
export function readEvent(payload: Uint8Array): NumberedEvent {
  const { value } = decode(payload);
  if (typeof value.type !== 'string' || !Number.isSafeInteger(value.sequence))
    throw new MesozooError('BAD_REQUEST', 'an event has a type and a sequence');
  return value as unknown as NumberedEvent;
}

export class EventStream {
  private last = 0;

  /** `next` moves on; SUBSCRIBED alone may be the first. */
  judge({ sequence, type }: NumberedEvent): Verdict {
    if (sequence <= this.last) return 'repeat';
    if (sequence !== this.last + 1 || (sequence === 1) !== (type === 'SUBSCRIBED')) return 'gap';
    this.last = sequence;
    return 'next';
  }
}
