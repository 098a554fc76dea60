/**
 * How a framework reaches the leading master: over NATS (`framework/sdk/nats-link.ts`), or in the master's own process
 * (`master/frameworks/bundled-link.ts`). Who stands on it cannot tell the difference.
 */
import type { MesozooError } from '../protocol/errors.ts';
import type {
  CallReply,
  CallType,
  FrameworkCallInput,
  FrameworkEvent,
} from '../protocol/framework-api.ts';

type WithoutSubscription<Call> = Call extends unknown
  ? Omit<Call, 'framework_id' | 'stream_id' | 'sequence' | 'events'>
  : never;
/** A call without what says of whom it is: the link knows. */
export type CallBody = WithoutSubscription<Exclude<FrameworkCallInput, { type: 'SUBSCRIBE' }>>;
export type CallBodyOf<Type extends CallType> = Extract<CallBody, { type: Type }>;

export type CallResult<Type extends CallType> =
  | { readonly ok: true; readonly reply: CallReply<Type> }
  /** After an indefinite error the call may have been carried out. */
  | { readonly ok: false; readonly error: MesozooError };

export interface SchedulerLink {
  /**
   * `answer` is called once, maybe before this returns. A call without a subscription fails with NOT_SUBSCRIBED.
   * Calls arrive in their order, or not at all.
   */
  call<Type extends CallBody['type']>(
    call: CallBodyOf<Type>,
    answer?: (result: CallResult<Type>) => void,
  ): void;
  /**
   * Events of the present subscription, in order and without gaps; SUBSCRIBED begins each. Never called from inside a
   * call.
   */
  onEvent(handler: (event: FrameworkEvent) => void): void;
}
