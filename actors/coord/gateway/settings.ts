/**
 * What the gateway for ZooKeeper's clients can be told, as plain data. Each field says which of ZooKeeper's own keys
 * it has its value from (zoo-cfg.ts reads them). Where ZooKeeper takes 0 for "no bound", so does the field.
 */
import { limits } from '../../../protocol/limits.ts';
import type { NameRules } from './sasl/kerberos-name.ts';
import { type FourLetterWord, fourLetterWords } from './words/names.ts';

/** Those of Java that make sense here, under the names of OpenSSL. */
export const digestAlgorithms = [
  'SHA1',
  'SHA256',
  'SHA384',
  'SHA512',
  'SHA3-256',
  'SHA3-384',
  'SHA3-512',
] as const;

export interface GatewaySettings {
  /** `tickTime`: the unit of ZooKeeper's timers; here the session timeouts follow from it. */
  readonly tickTimeMs: number;
  /** `minSessionTimeout`: a client that asks for less is given this. ZooKeeper's default is 2 ticks. */
  readonly sessionTimeoutMinMs: number;
  /** `maxSessionTimeout`: a client that asks for more is given this. ZooKeeper's default is 20 ticks. */
  readonly sessionTimeoutMaxMs: number;

  /** `clientPort`; undefined leaves the choice to the process' own options. */
  readonly clientPort: number | undefined;
  /** `clientPortAddress`, likewise. */
  readonly clientPortAddress: string | undefined;
  /** `clientPortListenBacklog`; undefined is the system's own. */
  readonly clientPortListenBacklog: number | undefined;
  /** TLS for clients; undefined when no `secureClientPort` is given. */
  readonly secure: SecureClientSettings | undefined;

  /** `maxClientCnxns`: connections from one address; 0 is no bound. */
  readonly maxClientConnections: number;
  /** `maxCnxns`: connections in all; 0 is no bound. */
  readonly maxConnections: number;
  /** `nio.sessionlessCnxnTimeout`: a connection that has begun no session by then is closed. */
  readonly sessionlessTimeoutMs: number;
  /** `jute.maxbuffer`: a longer frame ends its connection. */
  readonly maxFrameBytes: number;
  /** `globalOutstandingLimit`: requests that this member has taken and not answered; above it nothing more is read. */
  readonly globalOutstandingLimit: number;
  /** `request_throttle_max_requests`: likewise, at this member alone; 0 is no bound. */
  readonly requestThrottleMax: number;
  /** `connection_throttle_tokens` and the rest; undefined lets in whoever comes. */
  readonly connectionThrottle: ConnectionThrottleSettings | undefined;

  /** `4lw.commands.whitelist`. */
  readonly fourLetterWords: readonly FourLetterWord[];
  /** `extendedTypesEnabled`: whether znodes with a time to live can be made. */
  readonly extendedTypesEnabled: boolean;
  /** `reconfigEnabled`. */
  readonly reconfigEnabled: boolean;
  /** Whoever connects may change the members, whatever the ACL of `/zookeeper/config` says. */
  readonly reconfigByAnyone: boolean;
  /** `readonlymode.enabled`: a member without a quorum serves reads to clients that asked for that. */
  readonly readOnlyModeEnabled: boolean;
  /** `linearizableReads`, a key of ours: each read is confirmed by the leader before it is answered. */
  readonly linearizableReads: boolean;
  /** `enforceQuota`: a hard quota refuses, where it would only be logged. */
  readonly enforceQuota: boolean;
  /** `skipACL`: no ACL is looked at. */
  readonly skipAcl: boolean;
  /** `DigestAuthenticationProvider.superDigest`, as `super:<hash>`. */
  readonly superDigest: string | undefined;
  /** `DigestAuthenticationProvider.enabled`. */
  readonly digestEnabled: boolean;
  /** `X509AuthenticationProvider.superUser`: the subject of the certificate that passes every ACL. */
  readonly x509SuperUser: string | undefined;
  /** `DigestAuthenticationProvider.digestAlg`: of what stands in ACLs. */
  readonly digestAlgorithm: (typeof digestAlgorithms)[number];
  /** `ensembleAuthName`: a client that expects another one is sent away. Empty sends nobody away. */
  readonly ensembleNames: readonly string[];
  /** SASL; undefined unless `java.security.auth.login.config` names the file that says how. */
  readonly sasl: SaslSettings | undefined;
  /**
   * `enforce.auth.enabled` with `enforce.auth.schemes`, or `sessionRequireClientSASLAuth`: a session without one of
   * them is closed at its first request. Empty enforces none.
   */
  readonly enforcedAuthSchemes: readonly string[];

  /** `znode.container.checkIntervalMs`: how often empty containers and old TTL nodes are looked for. */
  readonly containerCheckIntervalMs: number;

  /** The HTTP server of the admin commands, which has `/metrics` as well; undefined when `admin.enableServer` is false. */
  readonly admin: HttpSettings | undefined;
  /** A port of its own for `/metrics` (`metricsProvider.className`, `.httpPort`); undefined when there is none. */
  readonly metrics: HttpSettings | undefined;
}

export interface SecureClientSettings {
  /** `secureClientPort`; undefined where there is only `client.portUnification`. */
  readonly port: number | undefined;
  /** `client.portUnification`: the client port takes both, with TLS and without. */
  readonly isUnified: boolean;
  /** `secureClientPortAddress`; undefined is where the port without TLS listens. */
  readonly address: string | undefined;
  /** `ssl.keyStore.location` and `.password`: PEM or PKCS12. */
  readonly keyStore: StoreSettings;
  /** `ssl.trustStore.location` and `.password`, likewise; undefined is what the runtime trusts by itself. */
  readonly trustStore: StoreSettings | undefined;
  /** `ssl.clientAuth`: whether a certificate of the client is asked for, and whether it may be missing. */
  readonly clientAuth: 'none' | 'want' | 'need';
  /** `ssl.enabledProtocols`; empty is the runtime's own choice. */
  readonly protocols: readonly string[];
  /** `ssl.ciphersuites`; empty is the runtime's own choice. */
  readonly cipherSuites: readonly string[];
  /** `client.certReload`: the files are read again when they change. */
  readonly reloadsFiles: boolean;
  /** `ssl.crl` with `ssl.crl.location`: PEM; undefined asks nobody which certificates are revoked. */
  readonly revocationsPath: string | undefined;
  /** `ssl.clientHostnameVerification`: a certificate must name the address that its holder connects from. */
  readonly verifiesClientAddress: boolean;
  /** `ssl.handshakeDetectionTimeoutMillis`: where TLS is only offered, the first byte has come by then. */
  readonly detectionTimeoutMs: number;
  /** `ssl.x509.clientCertIdType=SAN` and the rest; undefined: the subject of the certificate is its identity. */
  readonly alternativeName: AlternativeNameSettings | undefined;
}

/** Which of the subject's alternative names is the identity (`ssl.x509.clientCertIdSan…`). */
export interface AlternativeNameSettings {
  /** `…MatchType`, the tag of RFC 5280: 1 is an e-mail address, 2 a host, 4 a directory name, 6 a URI, … */
  readonly type: number;
  /** `…MatchRegex`: exactly one name of the type must have it. */
  readonly match: RegExp;
  /** `…ExtractRegex`: what of it is the identity. */
  readonly extract: RegExp;
  /** `…ExtractMatcherGroupIndex`: 0 is all that `extract` found. */
  readonly group: number;
}

export interface SaslSettings {
  /** `java.security.auth.login.config`: the JAAS file, with users for DIGEST-MD5 or a key for Kerberos. */
  readonly configPath: string;
  /** `sasl.serverconfig`: the section of the file. */
  readonly section: string;
  /** `SASLAuthenticationProvider.superPassword`, of the user `super`, goes before the file's. */
  readonly superPassword: string | undefined;
  /** `superUser`, `superUser.1` and so on: users who pass every ACL. */
  readonly superUsers: readonly string[];
  /** `allowSaslFailedClients`: who proves nothing may stay, as nobody. */
  readonly allowsFailed: boolean;
  readonly kerberos: KerberosSettings;
}

export interface KerberosSettings {
  /** `java.security.krb5.conf`; undefined is that of the environment (KRB5_CONFIG) or of the machine. */
  readonly configPath: string | undefined;
  /** `requireKerberosConfig`: such a file must name a default realm. */
  readonly needsDefaultRealm: boolean;
  /** `security.auth_to_local`: what makes a short name of a principal. */
  readonly rules: NameRules;
  /** `kerberos.removeHostFromPrincipal` and `kerberos.removeRealmFromPrincipal`: what does not come back to it. */
  readonly removesHost: boolean;
  readonly removesRealm: boolean;
}

/** `connection_throttle_…`: a bucket of tokens, of which each session that is opened takes some (throttle.ts). */
export interface ConnectionThrottleSettings {
  readonly tokensMax: number;
  readonly fillTimeMs: number;
  readonly fillCount: number;
  /** undefined: nobody is sent away while there are tokens. */
  readonly freezeMs: number | undefined;
  readonly dropIncrease: number;
  readonly dropDecrease: number;
  readonly decreaseRatio: number;
  readonly openWeight: number;
  readonly renewWeight: number;
}

export interface StoreSettings {
  readonly path: string;
  readonly password: string | undefined;
  /** The file that holds the password, where it is not given itself (`ssl.keyStore.passwordPath`). */
  readonly passwordPath: string | undefined;
}

export interface HttpSettings {
  readonly port: number;
  /** undefined is where the gateway listens. */
  readonly address: string | undefined;
  /** `admin.commandURL`, or `/metrics`. */
  readonly path: string;
}

/**
 * Without a zoo.cfg: a cluster on loopback, for whoever tries it, so everything is on and nothing is bounded that
 * memory does not bound. ZooKeeper's own defaults hold once a file is given (`zooKeeperSettings`).
 */
export const generousSettings: GatewaySettings = {
  tickTimeMs: 2_000,
  // Two ticks would be 4 s; the coords take shorter ones, and tests of clients ask for them.
  sessionTimeoutMinMs: limits.sessionTimeoutMinMs,
  sessionTimeoutMaxMs: 40_000,
  clientPort: undefined,
  clientPortAddress: undefined,
  clientPortListenBacklog: undefined,
  secure: undefined,
  maxClientConnections: 0,
  maxConnections: 0,
  maxFrameBytes: 0xfffff,
  sessionlessTimeoutMs: 10_000,
  globalOutstandingLimit: 50_000,
  requestThrottleMax: 0,
  connectionThrottle: undefined,
  fourLetterWords,
  extendedTypesEnabled: true,
  reconfigEnabled: true,
  // Clients of loopback alone, and nobody has a super password here: otherwise nobody at all could.
  reconfigByAnyone: true,
  readOnlyModeEnabled: true,
  linearizableReads: false,
  enforceQuota: true,
  skipAcl: false,
  superDigest: undefined,
  digestEnabled: true,
  digestAlgorithm: 'SHA1',
  x509SuperUser: undefined,
  ensembleNames: [],
  sasl: undefined,
  enforcedAuthSchemes: [],
  containerCheckIntervalMs: 10_000,
  admin: undefined,
  metrics: undefined,
};

/** What a zoo.cfg begins from: the defaults of ZooKeeper's admin guide. */
export const zooKeeperSettings: GatewaySettings = {
  ...generousSettings,
  sessionTimeoutMinMs: 4_000,
  maxClientConnections: 60,
  globalOutstandingLimit: 1_000,
  fourLetterWords: ['srvr'],
  extendedTypesEnabled: false,
  reconfigEnabled: false,
  reconfigByAnyone: false,
  readOnlyModeEnabled: false,
  enforceQuota: false,
  containerCheckIntervalMs: 60_000,
  admin: { port: 8080, address: undefined, path: '/commands' },
};

/** Ports that the process was told, which go before those of a file: members on one machine cannot share one. */
export interface OwnPorts {
  readonly admin: number | undefined;
  readonly metrics: number | undefined;
  readonly secure: number | undefined;
}

export function withPorts(settings: GatewaySettings, own: OwnPorts): GatewaySettings {
  const { admin, metrics, secure } = settings;
  return {
    ...settings,
    admin:
      own.admin === undefined
        ? admin
        : { address: undefined, path: '/commands', ...admin, port: own.admin },
    metrics: metrics && { ...metrics, port: own.metrics ?? metrics.port },
    secure: secure && { ...secure, port: own.secure ?? secure.port },
  };
}
