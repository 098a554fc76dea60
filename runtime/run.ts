/**
 * Runs one actor as an operating-system process: until a signal ends it in good order, or until it crashes, with an
 * exit code that says why and a last line in the log for whoever started it.
 */
import type { Actor } from '../actors/actor.ts';
import { Host, type HostedPorts } from '../actors/host.ts';
import { MesozooError } from '../protocol/errors.ts';
import { systemClock } from './clock.ts';
import { type ProcessConfig, type ProcessKind, readConfig } from './config.ts';
import { EXIT_INTERNAL, exitCodeOf } from './exit-codes.ts';
import { ProcessInspection } from './inspection/process-inspection.ts';
import { createLogger, type ProcessLogger } from './log.ts';
import { keepReadyFile } from './ready-file.ts';

export interface Prepared<P extends HostedPorts> {
  readonly ports: P;
  create(ports: P): Actor;
  /** Whether the actor, which has been created, does its work: what a health check is told. */
  isReady(): boolean;
  /** Gives the ports back: after the actor has stopped. */
  close(): Promise<void>;
}

export interface ProcessOptions<Kind extends ProcessKind, P extends HostedPorts> {
  readonly kind: Kind;
  /** For people: `coord-1`. */
  name(config: ProcessConfig<Kind>): string;
  prepare(config: ProcessConfig<Kind>, log: ProcessLogger): Promise<Prepared<P>>;
}

export async function runProcess<Kind extends ProcessKind, P extends HostedPorts>(
  options: ProcessOptions<Kind, P>,
): Promise<void> {
  let config: ProcessConfig<Kind>;
  try {
    config = readConfig(options.kind, process.argv.slice(2), process.env);
  } catch (error) {
    return end(createLogger({ level: 'info', fields: { actor: options.kind } }), error);
  }
  const log = createLogger({
    level: config.logLevel,
    file: config.logFile,
    fields: { actor: options.name(config) },
  });
  process.on('uncaughtException', (error) => end(log, error));
  process.on('unhandledRejection', (error) => end(log, error));
  const signalled = whenSignalled();
  try {
    const prepared = await Promise.race([options.prepare(config, log), signalled]);
    if (typeof prepared === 'string') return process.exit(0);
    const inspection = new ProcessInspection({
      transport: prepared.ports.transport,
      clock: systemClock,
      log,
      defer: setImmediate,
      cluster: config.cluster,
      process: options.name(config),
    });
    const host = new Host(
      { ...prepared.ports, inspection },
      {
        name: options.name(config),
        defer: setImmediate,
        crash: (error) => end(log, error),
      },
    );
    host.start((ports) => prepared.create(ports));
    log.info('started');
    const { readyFile } = config;
    const unready =
      readyFile === undefined
        ? undefined
        : keepReadyFile(
            readyFile,
            () => prepared.isReady(),
            (error) => log.warn('ready file cannot be kept', { file: readyFile, error }),
          );
    log.info('stopping', { signal: await signalled });
    unready?.();
    await new Promise<void>((resolve) => host.stop(resolve));
    inspection.end();
    await prepared.close();
    log.info('stopped');
    process.exit(0);
  } catch (error) {
    end(log, error);
  }
}

/** The first signal asks for a good end; a second one does not wait for it. */
function whenSignalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (asked) process.exit(EXIT_INTERNAL);
        asked = true;
        resolve(signal);
      });
  });
}

function end(log: ProcessLogger, error: unknown): never {
  const exitCode = exitCodeOf(error);
  try {
    log.fatal('crashed', {
      code: error instanceof MesozooError ? error.code : 'INTERNAL',
      reason: error instanceof Error ? error.message : String(error),
      exitCode,
      error,
    });
  } finally {
    // The disk that is full may be that of the log: the exit code tells all the same.
    process.exit(exitCode);
  }
}
