/** TLS as ZooKeeper's clients meet it: the keys and rules of a zoo.cfg, read again when their files change. */
import { statSync } from 'node:fs';
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
  const files = settings.reloadsFiles ? tlsFiles(settings) : [];
  // Before they are read: what changes in between is read once more.
  let known = files.map(stateOf);
  let options = tlsServerOptions(settings);
  const listeners = new Set<(options: TlsOptions) => void>();
  const look = () => {
    const now = files.map(stateOf);
    const changed = files.filter((_, index) => now[index] !== known[index]);
    if (changed.length === 0) return;
    known = now;
    try {
      options = tlsServerOptions(settings);
    } catch (error) {
      const reason = (error as Error).message;
      log.error('changed files of TLS are refused: the former keys stay in use', {
        ...{ changed, reason },
      });
      return;
    }
    for (const renewed of listeners) renewed(options);
    log.info('files of TLS have changed: new connections have what is in them', { changed });
  };
  const timer = files.length === 0 ? undefined : setInterval(look, LOOK_INTERVAL_MS).unref();
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
      clearInterval(timer);
    },
  };
}

/** Another one whenever the file, or what a link of its name leads to, is another or was written. */
function stateOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    // Whoever reads it next is told the same, and says so.
    return (error as Error).message;
  }
}
