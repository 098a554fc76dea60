/**
 * The Logger port over pino: one JSON line an event, to stderr (which the supervisor puts into a file) or to a file.
 * Lines are written synchronously, so that the last word before a crash or a kill -9 is there to be read.
 */
import pino from 'pino';
import type { Logger } from '../actors/actor.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** File that is appended to; stderr without one. */
  readonly file?: string;
  /** In every line, for example `{ actor: 'coord-1' }`. */
  readonly fields: Record<string, unknown>;
}

export interface ProcessLogger extends Logger {
  fatal(message: string, fields?: Record<string, unknown>): void;
}

export function createLogger(options: LogOptions): ProcessLogger {
  const destination = pino.destination({
    dest: options.file ?? 2,
    append: true,
    mkdir: true,
    sync: true,
  });
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid, ...options.fields },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
      errorKey: 'error',
      serializers: { error: serializeError },
    },
    destination,
  );
  return wrap(logger);
}

function wrap(logger: pino.Logger): ProcessLogger {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    fatal: (message, fields) => logger.fatal(fields ?? {}, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}

/** An error with its code and causes; anything else as it is. */
function serializeError(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return {
    name: value.name,
    message: value.message,
    ...('code' in value && { code: value.code }),
    stack: value.stack,
    ...(value.cause !== undefined && { cause: serializeError(value.cause) }),
  };
}
