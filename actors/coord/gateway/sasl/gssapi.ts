/**
 * The server's side of GSSAPI (RFC 4752), which is Kerberos: tokens go to and fro until the client has proven who it
 * is; then the server says which protection it offers for what follows (none), and the client what it chooses.
 */
import { MesozooError } from '../../../../protocol/errors.ts';
import type { Gss, GssContext } from '../../../actor.ts';
import { refused, type SaslMechanism, type SaslStep } from './mechanism.ts';

export interface GssapiOptions {
  readonly gss: Gss;
  /** How a principal is known here; undefined is by no name. */
  readonly identityOf: (principal: string) => string | undefined;
}

const NO_PROTECTION = 1;
/** In its first byte the protections, in the others how much may be sent at once with one: nothing, without any. */
const OFFER = Uint8Array.of(NO_PROTECTION, 0, 0, 0);
/** Kerberos needs one, and three with clients of a certain kind. */
const TOKENS_MAX = 4;

export class GssapiServer implements SaslMechanism {
  private readonly identityOf: GssapiOptions['identityOf'];
  private readonly context: GssContext;
  private state: 'accepting' | 'accepted' | 'offered' | 'over' = 'accepting';
  private tokens = 0;
  private principal = '';

  constructor({ gss, identityOf }: GssapiOptions) {
    this.identityOf = identityOf;
    this.context = gss.accept();
  }

  evaluate(token: Buffer): SaslStep {
    const step = this.next(token);
    if (step.kind !== 'challenge') this.dispose();
    return step;
  }

  dispose(): void {
    this.state = 'over';
    this.context.dispose();
  }

  private next(token: Buffer): SaslStep {
    try {
      switch (this.state) {
        case 'accepting':
          return this.accept(token);
        case 'accepted':
          // The client had nothing to say, and waits.
          return this.offer();
        case 'offered':
          return this.judge(Buffer.from(this.context.unwrap(token)));
        case 'over':
          return refused('the exchange is over');
        default:
          return this.state satisfies never;
      }
    } catch (error) {
      if (error instanceof MesozooError && error.code === 'AUTH_FAILED')
        return refused(error.message);
      throw error;
    }
  }

  private accept(token: Buffer): SaslStep {
    this.tokens += 1;
    const { token: answer, principal } = this.context.step(token);
    if (principal === undefined)
      return this.tokens < TOKENS_MAX ? challenge(answer) : refused('it takes too many tokens');
    this.principal = principal;
    this.state = 'accepted';
    return answer.length === 0 ? this.offer() : challenge(answer);
  }

  private offer(): SaslStep {
    this.state = 'offered';
    return challenge(this.context.wrap(OFFER));
  }

  /**
   * Behind the choice stands whom the client wants to act as. As with ZooKeeper nobody acts as somebody else: it is
   * known as who it has proven to be, whatever stands there.
   */
  private judge(choice: Buffer): SaslStep {
    if (choice.length < OFFER.length || choice[0] !== NO_PROTECTION)
      return refused('it has chosen a protection that was not offered');
    const user = this.identityOf(this.principal);
    if (user === undefined) return refused(`${this.principal} is no principal of a user or a host`);
    return { kind: 'proven', user, token: null };
  }
}

const challenge = (token: Uint8Array): SaslStep => ({
  kind: 'challenge',
  token: Buffer.from(token),
});
