/** What the mechanisms of SASL have in common, at the server's side and for one client. */

export interface SaslMechanism {
  evaluate(token: Buffer): SaslStep;
  /** Nothing more comes of this client. May be called again, and after its end. */
  dispose?(): void;
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly token: Buffer }
  /** Null says that there is no last word to the client. */
  | { readonly kind: 'proven'; readonly user: string; readonly token: Buffer | null }
  /** `why` is for the log: the client is told nothing. */
  | { readonly kind: 'refused'; readonly why: string };

export const refused = (why: string): SaslStep => ({ kind: 'refused', why });
