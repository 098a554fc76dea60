/** Who a connection has proven to be: by its address or certificate, by `auth` packets, and through SASL. */
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { Identity } from '../../../protocol/operations.ts';
import type { Logger, TcpConnection } from '../../actor.ts';
import {
  authenticate,
  identitiesOfConnection,
  isAuthEnough,
  WRONG_ENSEMBLE,
  withIdentities,
} from './auth.ts';
import type { SaslExchange } from './sasl/exchange.ts';
import type { GatewaySettings } from './settings.ts';

export interface CredentialsOptions {
  readonly tcp: TcpConnection;
  readonly settings: GatewaySettings;
  readonly log: Logger;
  readonly beginSasl: () => SaslExchange;
}

export type SaslOutcome = { readonly token: Buffer | null } | { readonly refused: ErrorCode };

export class Credentials {
  identities: readonly Identity[];
  private readonly options: CredentialsOptions;
  private sasl: SaslExchange | undefined;

  constructor(options: CredentialsOptions) {
    this.options = options;
    this.identities = identitiesOfConnection(options.tcp, options.settings);
  }

  /** Whether such a session may ask for anything at all. */
  get areEnough(): boolean {
    return isAuthEnough(this.identities, this.options.settings);
  }

  /** `elsewhere`: the client looks for another ensemble. */
  prove(scheme: string, proof: Buffer): 'proven' | 'refused' | 'elsewhere' {
    const { tcp, settings } = this.options;
    const proven = authenticate(scheme, proof, tcp, settings);
    if (proven === WRONG_ENSEMBLE) return 'elsewhere';
    return proven !== undefined && this.add(proven) ? 'proven' : 'refused';
  }

  answerSasl(bytes: Buffer): SaslOutcome {
    const { log, tcp, beginSasl } = this.options;
    this.sasl ??= beginSasl();
    const { token, proven, refused, why } = this.sasl.answer(bytes);
    if (why !== undefined) log.info('SASL refused', { address: tcp.remoteAddress, reason: why });
    if (refused !== undefined || !this.add(proven)) return { refused: refused ?? 'AUTH_FAILED' };
    return { token };
  }

  /** The connection is over. */
  drop(): void {
    this.sasl?.dispose();
  }

  /** False where there are too many. */
  private add(added: readonly Identity[]): boolean {
    const identities = withIdentities(this.identities, added);
    if (identities === undefined) return false;
    this.identities = identities;
    return true;
  }
}
