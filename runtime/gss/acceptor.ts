/** The port `Gss`, by MIT's library: one key for the process, one context for each client that proves itself. */
import { readFileSync } from 'node:fs';
import type { Gss, GssContext } from '../../actors/actor.ts';
import type { KerberosSettings } from '../../actors/coord/gateway/settings.ts';
import { MesozooError } from '../../protocol/errors.ts';
import { GssError, type GssLibrary, gssLibrary, type Handle } from './library.ts';

export interface ServiceKey {
  /** `zookeeper/host@EXAMPLE.COM` */
  readonly principal: string;
  /** A path, before which `FILE:` may stand. */
  readonly keytab: string;
}

/**
 * The keytab is looked at now, and again for each client: a key that is added to it later is used without a restart.
 * Which tokens were seen before is kept where the library keeps it by itself, so that members on one machine share
 * it. Throws BAD_ARGUMENT.
 */
export function openGss({ principal, keytab }: ServiceKey, settings: KerberosSettings): Gss {
  const { configPath, needsDefaultRealm } = settings;
  const file = configPath ?? 'the krb5.conf of this machine';
  const defaultRealm = orBad(`java.security.krb5.conf: ${file}`, () => {
    // The library would go on without it, and say something else.
    if (configPath !== undefined) readFileSync(configPath);
    return gssLibrary(configPath).defaultRealm();
  });
  if (needsDefaultRealm && defaultRealm === undefined)
    throw bad(`requireKerberosConfig: ${file} has no default_realm`);
  const library = gssLibrary(configPath);
  const credential = orBad(`Krb5LoginModule: ${keytab}`, () =>
    library.acquireAcceptor(principal, keytab),
  );
  return {
    defaultRealm: defaultRealm ?? '',
    accept: () => new AcceptorContext(library, credential),
  };
}

const bad = (why: string, cause?: unknown) =>
  new MesozooError('BAD_ARGUMENT', `zoo.cfg: ${why}`, { cause });

function orBad<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof MesozooError) throw cause;
    throw bad(`${what}: ${(cause as Error).message}`, cause);
  }
}

class AcceptorContext implements GssContext {
  private readonly library: GssLibrary;
  private readonly credential: Handle;
  private handle: Handle = null;

  constructor(library: GssLibrary, credential: Handle) {
    this.library = library;
    this.credential = credential;
  }

  step(token: Uint8Array) {
    return proving(() => {
      const { handle } = this;
      // Where it fails there is none any more.
      this.handle = null;
      const { context, ...answer } = this.library.accept(handle, this.credential, token);
      this.handle = context;
      return answer;
    });
  }

  wrap(message: Uint8Array): Uint8Array {
    return proving(() => this.library.wrap(this.handle, message));
  }

  unwrap(message: Uint8Array): Uint8Array {
    return proving(() => this.library.unwrap(this.handle, message));
  }

  dispose(): void {
    this.library.deleteContext(this.handle);
    this.handle = null;
  }
}

function proving<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (!(cause instanceof GssError)) throw cause;
    throw new MesozooError('AUTH_FAILED', cause.message, { cause });
  }
}
