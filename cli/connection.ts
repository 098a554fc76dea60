/** The command line's connection to a cluster: an ordinary client, made when a command first needs it. */

import { ErrorCode, NatsError } from 'nats';
import type { Logger, Ports } from '../actors/actor.ts';
import { type Asker, asker } from '../actors/coord/client/promises.ts';
import { MesozooError } from '../protocol/errors.ts';
import { type Subjects, subjectsOf } from '../protocol/subjects.ts';
import { systemClock } from '../runtime/clock.ts';
import { connectTransport } from '../runtime/nats.ts';
import { systemRandom } from '../runtime/random.ts';
import { type Credentials, identityOf } from '../runtime/servers.ts';
import { version } from '../runtime/version.ts';

export interface ClusterAddress {
  /** Of NATS servers, without credentials; several with commas between them. */
  readonly url: string;
  /** First token of every subject. */
  readonly cluster: string;
  readonly credentials?: Credentials;
  /** Given, even empty, the servers must speak TLS. */
  readonly tls?: TlsFiles;
}
/** Paths of PEM files: the authority that servers are checked against, and the client's own certificate. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Connection {
  readonly ports: Ports;
  readonly cluster: string;
  readonly subjects: Subjects;
  /** Waits for a leader where there is none for a moment. Rejects with MesozooError. */
  ask<Reply>(subject: string, request: object, options?: AskOptions): Promise<Reply>;
  close(): Promise<void>;
}

export interface AskOptions {
  /** Of one try. */
  readonly deadlineMs?: number;
  /** How long to go on trying while nobody leads. */
  readonly patienceMs?: number;
  /** The request may be carried out twice without harm: it is sent again after a loss too. */
  readonly repeatable?: boolean;
}

/** Thrown when there is no connection: the exit code differs. */
export class NoConnection extends Error {
  override readonly name = 'NoConnection';
}

const CONNECT_MS = 2_000;
const RETRY_MS = 200;
const PATIENCE_MS = 10_000;
const DEADLINE_MS = 5_000;
/** After so long without an answer it is said that there is none. */
const SILENCE_MS = 2_000;

/** Throws NoConnection when no server answers, MesozooError AUTH_FAILED when it refuses. */
export async function connectCluster(
  address: ClusterAddress,
  tell?: (text: string) => void,
  options: { readonly timeoutMs?: number } = {},
): Promise<Connection> {
  const { url, cluster, credentials, tls } = address;
  const connected = await connectTransport({
    url,
    role: 'client',
    name: 'mesozoo-cli',
    log: quiet,
    firstConnectTimeoutMs: options.timeoutMs ?? CONNECT_MS,
    version,
    ...(tls !== undefined && { tls }),
    ...identityOf(credentials),
  }).catch((cause: unknown) => {
    if (cause instanceof MesozooError && cause.code === 'UNAVAILABLE')
      throw new NoConnection(
        `No cluster answers at ${url}${reasonOf(cause)}: start one with "npm start", or name another with --nats URL.`,
        { cause },
      );
    throw cause;
  });
  const ports: Ports = {
    clock: systemClock,
    random: systemRandom,
    transport: connected.transport,
    log: quiet,
  };
  return connectionOver(ports, cluster, () => connected.close(), tell);
}

/** A connection over ports that are there already. */
export function connectionOver(
  ports: Ports,
  cluster: string,
  close: () => Promise<void>,
  tell: (text: string) => void = nothing,
): Connection {
  const asking = asker(ports);
  let told = false;
  const tellSilence = (subject: string) => {
    if (!told) tell(`no answer yet on ${subject}; still trying`);
    told = true;
  };
  return {
    ports,
    cluster,
    subjects: subjectsOf(cluster),
    ask: async (subject, request, options = {}) => {
      const silence = ports.clock.after(SILENCE_MS, () => tellSilence(subject));
      try {
        return (await askPatiently(asking, ports, subject, request, options)) as never;
      } finally {
        silence.cancel();
      }
    },
    close: async () => {
      asking.close();
      await close();
    },
  };
}

async function askPatiently(
  asking: Asker,
  ports: Ports,
  subject: string,
  request: object,
  options: AskOptions,
): Promise<Record<string, unknown>> {
  const { deadlineMs = DEADLINE_MS, patienceMs = PATIENCE_MS, repeatable = false } = options;
  const untilMs = ports.clock.monotonicMs() + patienceMs;
  for (;;) {
    try {
      return await asking.ask(subject, request, { deadlineMs });
    } catch (error) {
      if (!(error instanceof MesozooError) || !mayRetry(error, repeatable)) throw error;
      if (ports.clock.monotonicMs() + RETRY_MS > untilMs) throw error;
    }
    await new Promise<void>((resolve) => ports.clock.after(RETRY_MS, resolve));
  }
}

function mayRetry({ code }: MesozooError, repeatable: boolean): boolean {
  if (code === 'UNAVAILABLE' || code === 'NOT_LEADER' || code === 'TOO_MANY_REQUESTS') return true;
  return repeatable && (code === 'TIMEOUT' || code === 'CONNECTION_LOST');
}

/** What nobody would guess: a certificate that is not trusted, a server without TLS. */
function reasonOf({ cause }: MesozooError): string {
  if (!(cause instanceof NatsError)) return cause instanceof Error ? ` (${cause.message})` : '';
  const obvious = [ErrorCode.ConnectionRefused, ErrorCode.Timeout, ErrorCode.ConnectionTimeout];
  if (obvious.includes(cause.code as ErrorCode)) return '';
  if (cause.code === ErrorCode.ServerOptionNotAvailable)
    return ' over TLS, which it does not speak';
  return ` (${cause.chainedError?.message ?? cause.message})`;
}

const nothing = () => undefined;
/** What a client has to say, its command says. */
const quiet: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => quiet,
};
