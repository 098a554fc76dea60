/** What happens, for people: a time, a message, and what it is about. */
import type { Logger } from '../../actors/actor.ts';

export function logForPeople(): Logger {
  const line = (message: string, fields: Record<string, unknown> = {}) => {
    const time = new Date().toTimeString().slice(0, 8);
    const about = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    process.stdout.write(`${[time, message, ...about].join(' ')}\n`);
  };
  const log: Logger = {
    debug: () => undefined,
    info: line,
    warn: line,
    error: line,
    child: () => log,
  };
  return log;
}
