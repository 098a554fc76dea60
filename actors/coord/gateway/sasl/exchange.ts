/** SASL in one connection: what the client's tokens are answered with, and what they prove. */
import type { ErrorCode } from '../../../../protocol/errors.ts';
import type { Identity } from '../../../../protocol/operations.ts';
import type { Gss, Random } from '../../../actor.ts';
import type { GatewaySettings } from '../settings.ts';
import { DigestMd5Server, SASL_PROTOCOL, SASL_REALM } from './digest-md5.ts';
import { GssapiServer } from './gssapi.ts';
import { identityOfPrincipal } from './kerberos-name.ts';
import type { SaslMechanism } from './mechanism.ts';

export interface SaslOptions {
  readonly settings: GatewaySettings;
  /** Names and passwords, for DIGEST-MD5; undefined where that is not offered. */
  readonly users: ReadonlyMap<string, string> | undefined;
  /** For Kerberos, which goes before passwords; undefined where that is not offered. */
  readonly gss: Gss | undefined;
  readonly random: Random;
}

export interface SaslAnswer {
  /** Null says that there is none. */
  readonly token: Buffer | null;
  readonly proven: readonly Identity[];
  /** The connection ends with it. */
  readonly refused?: ErrorCode;
  readonly why?: string;
}

const NONCE_BYTES = 24;
const NOTHING: SaslAnswer = { token: null, proven: [] };

export class SaslExchange {
  private readonly options: SaslOptions;
  private readonly server: SaslMechanism | undefined;

  constructor(options: SaslOptions) {
    this.options = options;
    this.server = mechanismOf(options);
  }

  /** The connection is over. */
  dispose(): void {
    this.server?.dispose?.();
  }

  /** As ZooKeeper, a member that offers no mechanism has no token to give, and lets the client go on. */
  answer(token: Buffer): SaslAnswer {
    const { settings } = this.options;
    if (this.server === undefined) return NOTHING;
    const step = this.server.evaluate(token);
    switch (step.kind) {
      case 'challenge':
        return { token: step.token, proven: [] };
      case 'proven': {
        const identity = { scheme: 'sasl', id: step.user };
        const isSuper = settings.sasl?.superUsers.includes(step.user) === true;
        const proven = isSuper ? [{ scheme: 'super', id: '' }, identity] : [identity];
        return { token: step.token, proven };
      }
      case 'refused': {
        const {
          enforcedAuthSchemes: [first, ...others],
          sasl,
        } = settings;
        const isRequired = first === 'sasl' && others.length === 0;
        if (sasl?.allowsFailed === true && !isRequired) return { ...NOTHING, why: step.why };
        const code = isRequired ? 'SESSION_REQUIRES_AUTH' : 'AUTH_FAILED';
        return { ...NOTHING, refused: code, why: step.why };
      }
      default:
        return step satisfies never;
    }
  }
}

function mechanismOf({ users, gss, random, settings }: SaslOptions): SaslMechanism | undefined {
  const { sasl } = settings;
  if (gss !== undefined && sasl !== undefined)
    return new GssapiServer({
      gss,
      identityOf: (principal) => identityOfPrincipal(principal, sasl.kerberos, gss.defaultRealm),
    });
  if (users === undefined) return undefined;
  const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('base64');
  return new DigestMd5Server({ users, nonce, protocol: SASL_PROTOCOL, realm: SASL_REALM });
}
