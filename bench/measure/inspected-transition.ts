/**
 * What inspection costs one transition of a chart, in processor time of one process: without the port, with the port
 * while nobody looks, and while somebody does, up to the published bytes.
 */
import type { Clock, Transport } from '../../actors/actor.ts';
import type { Inspection } from '../../actors/inspection.ts';
import { Lifecycle } from '../../actors/lifecycle.ts';
import { subscriptionOf } from '../../actors/testing/subscription.ts';
import { frameworkMachine } from '../../machines/framework.ts';
import { encode } from '../../protocol/codec.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ProcessInspection } from '../../runtime/inspection/process-inspection.ts';
import { createLogger } from '../../runtime/log.ts';
import type { Figure } from '../report.ts';

const TRANSITIONS = 40_000;
/** Of one turn of the loop, as a busy actor's. */
const TURN = 50;

type Mode = 'without the port' | 'nobody inspects' | 'inspected as a list' | 'inspected in full';

export async function measureInspectedTransition(options: { rounds: number }): Promise<Figure[]> {
  const modes: Mode[] = [
    'without the port',
    'nobody inspects',
    'inspected as a list',
    'inspected in full',
  ];
  const times = new Map<Mode, number[]>(modes.map((mode) => [mode, []]));
  for (const mode of modes) await microsecondsOf(mode);
  for (let round = 0; round < options.rounds; round++)
    for (const mode of modes) times.get(mode)!.push(await microsecondsOf(mode));
  return modes.map((mode) => ({
    what: `one transition of a chart, ${mode}`,
    values: times.get(mode)!,
    unit: 'µs',
  }));
}

async function microsecondsOf(mode: Mode): Promise<number> {
  const { inspection, ask } = inspected(systemClock);
  const lifecycle = new Lifecycle(frameworkMachine, {
    id: 'framework.bench',
    clock: systemClock,
    input: { failoverTimeoutMs: 0 },
    inspection: mode === 'without the port' ? undefined : inspection,
  });
  lifecycle.send({ type: 'SUBSCRIBE_RECEIVED' } as never);
  lifecycle.send({ type: 'SUBSCRIBED' });
  if (mode === 'inspected as a list') ask('list');
  if (mode === 'inspected in full') ask('full');
  const before = process.cpuUsage();
  for (let done = 0; done < TRANSITIONS; done += TURN) {
    for (let each = 0; each < TURN; each += 2) {
      lifecycle.send({ type: 'SUPPRESSED' });
      lifecycle.send({ type: 'REVIVED' });
    }
    await new Promise(setImmediate);
  }
  const { user, system } = process.cpuUsage(before);
  lifecycle.stop();
  (inspection as ProcessInspection).end();
  return (user + system) / TRANSITIONS;
}

/** Over a transport that takes what is published and does nothing with it. */
function inspected(clock: Clock): { inspection: Inspection; ask: (detail: string) => void } {
  let request: Parameters<Transport['subscribe']>[1] = () => undefined;
  const transport: Transport = {
    inbox: '_INBOX.bench',
    maxPayloadBytes: 1024 * 1024,
    publish: () => undefined,
    serve: () => subscriptionOf(() => undefined),
    isConnected: () => true,
    onConnection: () => undefined,
    subscribe: (_subject, handler) => {
      request = handler;
      return subscriptionOf(() => undefined);
    },
  };
  const inspection = new ProcessInspection({
    ...{ transport, clock, defer: setImmediate, cluster: 'mz', process: 'bench' },
    log: createLogger({ level: 'silent', fields: {} }),
  });
  const ask = (detail: string) =>
    request({ subject: 'mz.inspect.start', payload: encode({ detail }, 'json') });
  return { inspection, ask };
}
