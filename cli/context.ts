/** What every command works with: where to write, whom to ask, and how to learn of Ctrl-C. */
import type { ClusterAddress, Connection } from './connection.ts';

export interface Output {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
}

/** The world around a run of the command line; tests give another. */
export interface Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Everything that comes in, to its end. */
  readStdin(): Promise<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `tell` is given what a person who waits should know. */
  connect(
    address: ClusterAddress,
    tell?: (text: string) => void,
    options?: { readonly timeoutMs?: number },
  ): Promise<Connection>;
  /** Calls the handler at each Ctrl-C or SIGTERM until `stop`. */
  onInterrupt(handler: (signal: Interrupt) => void): { stop(): void };
  /** Where somebody looks and types; undefined where input or output is no terminal. */
  readonly terminal?: Terminal;
  /** Called when nobody reads what is written any more (`| head`), right before this process ends. */
  onReaderGone(handler: () => void): { stop(): void };
}
/** The whole screen, and keys as they are pressed. */
export interface Terminal {
  size(): { readonly columns: number; readonly rows: number };
  onResize(handler: () => void): { stop(): void };
  /** Until `stop`, keys come one by one and are not shown; Ctrl-C is one of them (`\u0003`). */
  onKey(handler: (key: string) => void): { stop(): void };
  /** Called right before this process ends, whatever ends it but a kill. */
  onExit(handler: () => void): { stop(): void };
}

export type Interrupt = 'SIGINT' | 'SIGTERM';

export interface Context extends Surroundings {
  readonly json: boolean;
  readonly connection: Connection;
  /** Results, to stdout. */
  print(text: string | Uint8Array): void;
  /** One JSON value on a line of its own for streams, indented otherwise. */
  printJson(value: unknown, form?: 'line' | 'indented'): void;
  /** What is not the result, to stderr. */
  note(text: string): void;
  /** Whether results may have colours. */
  readonly coloured: boolean;
}

export function contextOf(
  surroundings: Surroundings,
  connection: Connection,
  json: boolean,
): Context {
  const { stdout, stderr, env } = surroundings;
  return {
    stdout,
    stderr,
    env,
    readStdin: () => surroundings.readStdin(),
    connect: (address, tell, options) => surroundings.connect(address, tell, options),
    onInterrupt: (handler) => surroundings.onInterrupt(handler),
    onReaderGone: (handler) => surroundings.onReaderGone(handler),
    ...(surroundings.terminal !== undefined && { terminal: surroundings.terminal }),
    json,
    connection,
    coloured: stdout.isTTY === true && !json && (env.NO_COLOR ?? '') === '',
    print: (text) => stdout.write(text),
    printJson: (value, form = 'indented') =>
      stdout.write(`${JSON.stringify(value, textOfBytes, form === 'line' ? undefined : 2)}\n`),
    note: (text) => stderr.write(`${text}\n`),
  };
}

/** Resolves at the first Ctrl-C or SIGTERM. */
export function interrupted(context: Context): Promise<Interrupt> {
  return new Promise((resolve) => {
    const waiting = context.onInterrupt((signal) => {
      waiting.stop();
      resolve(signal);
    });
  });
}

/** JSON.stringify would turn bytes into a list of numbers. */
function textOfBytes(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('utf8') : value;
}
