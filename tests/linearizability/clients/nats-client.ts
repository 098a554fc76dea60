/** A client with our own session over NATS: sets, conditional sets and reads that ask to be linearizable. */

import type { Answer } from '../../../actors/coord/client/contract.ts';
import { SessionClient } from '../../../actors/coord/client/session-client.ts';
import type { ZnodeReplies, ZnodeRequest, ZnodeRequestName } from '../../../protocol/znode-api.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { createLogger } from '../../../runtime/log.ts';
import { type ConnectedTransport, connectTransport } from '../../../runtime/nats.ts';
import { systemRandom } from '../../../runtime/random.ts';
import type { SeededRandom } from '../../../simulation/random.ts';
import { pause } from '../../cluster/harness.ts';
import type { Write } from '../checker/history.ts';
import type { Round, RunRecord } from '../run/record.ts';
import { type Intent, Intents, LINE } from './intents.ts';
import { SessionWitness } from './session-witness.ts';
import { SESSION_TIMEOUT_MS } from './tcp-session.ts';

const TOGETHER_MAX = 3;
const PAUSE_MAX_MS = 15;

export class NatsClient {
  private readonly name: string;
  private readonly random: SeededRandom;
  private readonly record: RunRecord;
  private readonly intents: Intents;
  private readonly connection: ConnectedTransport;
  private readonly session: SessionClient;
  private witness: SessionWitness;

  private constructor(
    name: string,
    connection: ConnectedTransport,
    random: SeededRandom,
    record: RunRecord,
  ) {
    this.name = name;
    this.random = random;
    this.record = record;
    this.intents = new Intents(name, random.fork('intents'));
    this.witness = new SessionWitness(name, record);
    this.connection = connection;
    this.session = new SessionClient(
      {
        transport: connection.transport,
        clock: systemClock,
        random: systemRandom,
        log: silent,
      },
      { cluster: 'mz', timeoutMs: SESSION_TIMEOUT_MS, reopen: true },
    );
    this.session.onState((state) => {
      record.count(`NATS sessions ${state}`);
      if (state === 'expired') this.witness = new SessionWitness(name, record);
    });
    this.session.onEvent(({ type, path }) => {
      if (type === 'dataChanged') this.witness.event(path);
    });
    this.session.open();
  }

  static async open(
    name: string,
    natsUrl: string,
    random: SeededRandom,
    record: RunRecord,
  ): Promise<NatsClient> {
    const connection = await connectTransport({ url: natsUrl, role: 'client', name, log: silent });
    return new NatsClient(name, connection, random, record);
  }

  /** Until `round` gives none any more. */
  async run(round: () => Round | undefined): Promise<void> {
    for (;;) {
      const present = round();
      if (present === undefined) break;
      await present.during(async () => {
        const intents = this.intents.draw(present, TOGETHER_MAX);
        await Promise.all(intents.map((intent) => this.carryOut(intent, present)));
      });
      await pause(this.random.between(0, PAUSE_MAX_MS));
    }
    await new Promise<void>((resolve) => this.session.close(resolve));
    await this.connection.close();
  }

  private async carryOut(intent: Intent, round: Round): Promise<void> {
    switch (intent.kind) {
      case 'read':
        return this.read(intent, round);
      case 'set':
        return this.set(intent, round);
      case 'sequential':
        return this.ask('create', { path: `${LINE}/n-`, sequential: true }, (answer, witness) => {
          if (answer.ok) witness.sequentialCreated(answer.value.path);
          else if (answer.error.definite) this.refused('create', answer);
        });
    }
  }

  private read({ path, watch }: Intent & { kind: 'read' }, { operations }: Round): Promise<void> {
    const invokedMs = performance.now();
    return this.ask('get', { path, watch, linearizable: true }, (answer, witness) => {
      // A read that was given up shows nothing.
      if (!answer.ok) return this.record.count(`NATS reads ${answer.error.code}`);
      const { data, stat } = answer.value;
      witness.shown(path, stat.version, watch);
      this.intents.seen(path, stat.version);
      operations.push({
        ...{ kind: 'read', client: this.name, path, invokedMs, returnedMs: performance.now() },
        ...{ data: Buffer.from(data ?? '').toString(), version: stat.version },
      });
    });
  }

  private set(
    { path, data, expected }: Intent & { kind: 'set' },
    { operations }: Round,
  ): Promise<void> {
    const invokedMs = performance.now();
    return this.ask('set', { path, data, version: expected }, (answer, witness) => {
      const outcome = this.outcomeOf(answer, expected);
      if (outcome === undefined) return;
      if (outcome.kind === 'ok') {
        witness.shown(path, outcome.version);
        this.intents.seen(path, outcome.version);
      }
      operations.push({
        ...{ kind: 'set', client: this.name, path, invokedMs, returnedMs: performance.now() },
        ...{ data, expected, outcome },
      });
    });
  }

  /** Undefined: it has certainly not happened. */
  private outcomeOf(
    answer: Answer<ZnodeReplies['set']>,
    expected: number,
  ): Write['outcome'] | undefined {
    if (answer.ok) return { kind: 'ok', version: answer.value.stat.version };
    if (!answer.error.definite) return { kind: 'unknown' };
    if (expected !== -1 && answer.error.code === 'BAD_VERSION') return { kind: 'badVersion' };
    this.refused('set', answer);
    return undefined;
  }

  /** The session has gone before it was sent; nothing else has a reason here. */
  private refused(what: string, { error }: Extract<Answer<unknown>, { ok: false }>): void {
    if (error.code === 'SESSION_EXPIRED') this.record.count('NATS writes not sent');
    else this.record.violation(`${this.name}: ${what} was answered with ${error.code}`);
  }

  private ask<Name extends ZnodeRequestName>(
    name: Name,
    request: ZnodeRequest<Name>,
    answered: (answer: Answer<ZnodeReplies[Name]>, witness: SessionWitness) => void,
  ): Promise<void> {
    const { witness } = this;
    const least = witness.zxid;
    return new Promise((resolve) => {
      this.session.request(name, request, (answer) => {
        // That of the session that was asked, which may have ended meanwhile.
        if (answer.ok) witness.reply(name, answer.value.zxid, least);
        answered(answer, witness);
        resolve();
      });
    });
  }
}

const silent = createLogger({ level: 'silent', fields: {} });
