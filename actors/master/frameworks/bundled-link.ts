/**
 * The link between the leading master and a framework in its process: calls are carried out at once, events wait until
 * the turn hands them on, so that neither is ever inside the other.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { FrameworkCall, FrameworkEvent } from '../../../protocol/framework-api.ts';
import type { CallBody, CallBodyOf, CallResult, SchedulerLink } from '../../scheduler-link.ts';
import type { Framework } from './framework.ts';
import type { EventStream } from './streams.ts';

export type CarryOut = (
  framework: Framework,
  call: FrameworkCall,
  respond: (reply: unknown) => void,
  refuse: (error: MesozooError) => void,
) => void;

export class BundledLink implements SchedulerLink, EventStream {
  readonly id = 'bundled';
  /** Set when it subscribes. */
  framework: Framework | undefined;
  private readonly carryOut: CarryOut;
  private readonly events: FrameworkEvent[] = [];
  private handler: (event: FrameworkEvent) => void = () => undefined;

  constructor(carryOut: CarryOut) {
    this.carryOut = carryOut;
  }

  call<Type extends CallBody['type']>(
    call: CallBodyOf<Type>,
    answer: (result: CallResult<Type>) => void = () => undefined,
  ): void {
    const refuse = (error: MesozooError) => answer({ ok: false, error });
    if (this.framework === undefined) {
      refuse(new MesozooError('NOT_SUBSCRIBED'));
      return;
    }
    try {
      // Ours: it need not be checked, nor does it leave anything out that the schema would fill in.
      this.carryOut(
        this.framework,
        call as unknown as FrameworkCall,
        (reply) => answer({ ok: true, reply: reply as never }),
        refuse,
      );
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      refuse(error);
    }
  }

  onEvent(handler: (event: FrameworkEvent) => void): void {
    this.handler = handler;
  }

  deliver(event: FrameworkEvent): void {
    this.events.push(event);
  }

  /** Hands on what has gathered, and what comes of it. */
  handOn(): void {
    for (let event = this.events.shift(); event !== undefined; event = this.events.shift())
      this.handler(event);
  }

  heard(): void {
    // It is as alive as this process.
  }

  isRepeat(): boolean {
    return false;
  }

  tick(): boolean {
    return true;
  }

  end(): void {
    this.events.length = 0;
  }
}
