/** SASL in one connection: what the client's tokens are answered with, and what they prove. */
import type { ErrorCode } from '../../../../protocol/errors.ts';
import type { Identity } from '../../../../protocol/operations.ts';
import type { Random } from '../../../actor.ts';
import type { GatewaySettings } from '../settings.ts';
import { DigestMd5Server, SASL_PROTOCOL, SASL_REALM } from './digest-md5.ts';

export interface SaslOptions {
  readonly settings: GatewaySettings;
  /** Names and passwords; undefined where SASL is not offered. */
  readonly users: ReadonlyMap<string, string> | undefined;
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
  private readonly server: DigestMd5Server | undefined;

  constructor(options: SaslOptions) {
    const { users, random } = options;
    this.options = options;
    const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('base64');
    if (users !== undefined)
      this.server = new DigestMd5Server({
        ...{ users, nonce, protocol: SASL_PROTOCOL, realm: SASL_REALM },
      });
  }

  /** As ZooKeeper, a member without users has no token to give, and lets the client go on. */
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
