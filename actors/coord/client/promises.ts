/**
 * The client for programs that await: a thin façade over SessionClient and Requests, and the one place under `actors/`
 * where promises are allowed.
 */
import { decode, encode, type Form } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import type { ZnodeReplies, ZnodeRequest, ZnodeRequestName } from '../../../protocol/znode-api.ts';
import type { Ports } from '../../actor.ts';
import type { CoordClient, CoordClientOptions } from './contract.ts';
import { type Outcome, Requests } from './requests.ts';
import { SessionClient } from './session-client.ts';

export interface CoordSession {
  /** The synchronous client: state, events, following. */
  readonly client: CoordClient;
  /** Rejects with MesozooError. */
  request<Name extends ZnodeRequestName>(
    name: Name,
    request: ZnodeRequest<Name>,
  ): Promise<ZnodeReplies[Name]>;
  close(): Promise<void>;
}

export interface ConnectOptions extends CoordClientOptions {
  /** How long to wait for the first member that takes the session. */
  readonly deadlineMs?: number;
}

/** Opens a session. Rejects with UNAVAILABLE, TIMEOUT or what the quorum said when none was opened in time. */
export function connect(ports: Ports, options: ConnectOptions): Promise<CoordSession> {
  const { deadlineMs = limits.requestDeadlineMs, ...clientOptions } = options;
  const client = new SessionClient(ports, clientOptions);
  return new Promise((resolve, reject) => {
    let settled = false;
    const deadline = ports.clock.after(deadlineMs, () => {
      if (settled) return;
      settled = true;
      reject(client.lastProblem ?? new MesozooError('UNAVAILABLE', 'no coord has answered'));
      client.close();
    });
    client.onState((state) => {
      if (state !== 'connected' || settled) return;
      settled = true;
      deadline.cancel();
      resolve(sessionOf(client));
    });
    client.open();
  });
}

function sessionOf(client: SessionClient): CoordSession {
  return {
    client,
    request: (name, request) =>
      new Promise((resolve, reject) => {
        client.request(name, request, (answer) =>
          answer.ok ? resolve(answer.value) : reject(answer.error),
        );
      }),
    close: () => new Promise((resolve) => client.close(resolve)),
  };
}

/** Requests without a session, to any endpoint. */
export interface Asker {
  /** Rejects with MesozooError: the other side's own, UNAVAILABLE when nobody listens, TIMEOUT. */
  ask(subject: string, request: object, options?: { deadlineMs?: number }): Promise<Answered>;
  close(): void;
}
export type Answered = Record<string, unknown>;

export function asker(ports: Ports, form: Form = 'msgpack'): Asker {
  const requests = new Requests(ports);
  return {
    ask: (subject, request, options = {}) =>
      new Promise((resolve, reject) => {
        const settle = (outcome: Outcome) => {
          if (outcome.kind === 'reply') resolve(outcome.value);
          else reject(failureOf(outcome, subject));
        };
        try {
          const deadlineMs = options.deadlineMs ?? limits.requestDeadlineMs;
          requests.ask(subject, encode(request, form), deadlineMs, settle);
        } catch (error) {
          reject(error);
        }
      }),
    close: () => requests.close(),
  };
}

function failureOf(outcome: Exclude<Outcome, { kind: 'reply' }>, subject: string): MesozooError {
  if (outcome.kind === 'error') return outcome.error;
  if (outcome.kind === 'noResponder')
    return new MesozooError('UNAVAILABLE', `nobody listens on ${subject}`);
  return new MesozooError('TIMEOUT', `no answer on ${subject}`);
}

/** Reads an event that was published in JSON or MessagePack. */
export function readEvent<Event>(payload: Uint8Array): Event {
  return decode(payload).value as Event;
}
