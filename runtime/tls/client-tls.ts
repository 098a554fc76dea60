/** TLS as ZooKeeper's clients meet it: the keys and rules of a zoo.cfg, read again when their files change. */
import { type StatsListener, unwatchFile, watchFile } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import type { Logger } from '../../actors/actor.ts';
import type { SecureClientSettings } from '../../actors/coord/gateway/settings.ts';
import { identityOfCertificate } from './certificate-identity.ts';
import { tlsFiles, tlsServerOptions } from './server-options.ts';

export interface ClientTls {
  /** Those of the files as they are now. */
  readonly options: TlsOptions;
  /** What a certificate (DER) that was verified makes of its holder. */
  readonly subjectOf: (certificate: Buffer) => string;
  /** A certificate must name the address that its holder connects from. */
  readonly verifiesAddress: boolean;
  readonly detectionTimeoutMs: number;
  /** Called with new options, for handshakes from then on; returns what ends it. */
  onRenewal(renewed: (options: TlsOptions) => void): () => void;
  close(): void;
}

/** Looked at so often, rather than heard of: that finds links that are turned elsewhere as well. */
const LOOK_INTERVAL_MS = 1_000;

/** Throws BAD_ARGUMENT as `tlsServerOptions` does. Files that are found wrong later leave the former keys in use. */
export function openClientTls(settings: SecureClientSettings, log: Logger): ClientTls {
  let options = tlsServerOptions(settings);
  const listeners = new Set<(options: TlsOptions) => void>();
  const files = settings.reloadsFiles ? [...new Set(tlsFiles(settings))] : [];
  const changed = (path: string) => {
    try {
      options = tlsServerOptions(settings);
    } catch (error) {
      const reason = (error as Error).message;
      log.error('a changed file of TLS is refused: the former keys stay in use', { path, reason });
      return;
    }
    for (const renewed of listeners) renewed(options);
    log.info('a file of TLS has changed: new connections have what is in it', { path });
  };
  const watchers = files.map((path) => {
    const listener: StatsListener = () => changed(path);
    watchFile(path, { interval: LOOK_INTERVAL_MS, persistent: false }, listener);
    return () => unwatchFile(path, listener);
  });
  return {
    get options() {
      return options;
    },
    subjectOf: identityOfCertificate(settings.alternativeName, log),
    verifiesAddress: settings.verifiesClientAddress,
    detectionTimeoutMs: settings.detectionTimeoutMs,
    onRenewal(renewed) {
      listeners.add(renewed);
      return () => listeners.delete(renewed);
    },
    close() {
      for (const stop of watchers) stop();
    },
  };
}
