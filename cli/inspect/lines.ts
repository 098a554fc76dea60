/** Inspection events as lines for people: `12:03:04.123  master.master-1  ELECTED  contending → elected.recovering`. */
import { styleText } from 'node:util';
import type { InspectedEvent, InspectionEvent } from '../../protocol/inspection-api.ts';
import { statePath } from '../../protocol/state-path.ts';
import { PROCESS_SILENT } from '../../runtime/inspection/listener.ts';
import { foreignText } from '../foreign-text.ts';
import { duration } from '../table.ts';

const PAYLOAD_MAX = 200;

/** Remembers each actor's state, to say where a transition came from. */
export class InspectionLines {
  private readonly states = new Map<string, string>();
  private readonly coloured: boolean;

  constructor(coloured: boolean) {
    this.coloured = coloured;
  }

  /** Undefined where there is nothing to say that another line does not. */
  line(event: InspectionEvent): string | undefined {
    if (event.type === '@xstate.event') return undefined;
    const { sessionId, snapshot } = event;
    const before = this.states.get(sessionId);
    const state = foreignText(statePath(snapshot.value));
    const isOver = snapshot.status !== 'active';
    if (isOver) this.states.delete(sessionId);
    else this.states.set(sessionId, state);
    if (event.type === '@xstate.actor') {
      if (event.dropped !== undefined)
        return this.format(
          event,
          'is',
          `${this.state(state)}  (${event.dropped} events were lost before)`,
        );
      // One that has ended long ago, or is told again.
      if (isOver || before === state) return undefined;
      const lasted = Number(event.createdAt) - snapshot.since;
      const since = lasted < 1000 ? '' : `  for ${duration(lasted)}`;
      return this.format(event, 'is', `${this.state(state)}${since}`);
    }
    const path =
      before === undefined || before === state
        ? this.state(state)
        : `${before} → ${this.state(state)}`;
    return this.format(event, wordOf(event.event, event.delay), path + payloadOf(event.event));
  }

  private format(event: InspectionEvent, what: string, rest: string): string {
    const time = new Date(Number(event.createdAt)).toISOString().slice(11, 23);
    return [time, foreignText(event.sessionId), foreignText(what), rest].join('  ');
  }

  private state(name: string): string {
    return this.coloured ? styleText('bold', name, { validateStream: false }) : name;
  }
}

function wordOf(event: InspectedEvent, delay: string | undefined): string {
  if (delay !== undefined) return `after ${delay}`;
  if (event.type === PROCESS_SILENT) return 'process gone';
  return event.type === 'xstate.stop' ? 'gone' : event.type;
}

function payloadOf(event: InspectedEvent): string {
  const { type, ...payload } = event;
  if (Object.keys(payload).length === 0) return '';
  const text = foreignText(JSON.stringify(payload));
  return `  ${text.length > PAYLOAD_MAX ? `${text.slice(0, PAYLOAD_MAX)}…` : text}`;
}
