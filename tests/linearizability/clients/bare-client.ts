/**
 * A program that asks in JSON without a session: whichever member takes the request answers, and reads are linearizable
 * by default. What an error says of the outcome (`definite`) is taken at its word.
 */
import { ErrorCode, type NatsConnection, NatsError } from 'nats';
import type { SeededRandom } from '../../../simulation/random.ts';
import { ask, pause } from '../../cluster/harness.ts';
import type { Round, RunRecord } from '../run/record.ts';
import { type Intent, Intents, LINE } from './intents.ts';

const ANSWER_WITHIN_MS = 1_500;
const PAUSE_MAX_MS = 15;

/** Undefined: nobody knows. */
type Answered = Record<string, unknown> | undefined;
interface ErrorAnswer {
  readonly code: string;
  readonly definite: boolean;
}

export class BareClient {
  private readonly name: string;
  private readonly connection: NatsConnection;
  private readonly random: SeededRandom;
  private readonly record: RunRecord;
  private readonly intents: Intents;

  constructor(name: string, connection: NatsConnection, random: SeededRandom, record: RunRecord) {
    this.name = name;
    this.connection = connection;
    this.random = random;
    this.record = record;
    this.intents = new Intents(name, random.fork('intents'));
  }

  /** Until `round` gives none any more. */
  async run(round: () => Round | undefined): Promise<void> {
    for (;;) {
      const present = round();
      if (present === undefined) return;
      await present.during(async () => {
        const [intent] = this.intents.draw(present, 1);
        await this.carryOut(intent!, present);
      });
      await pause(this.random.between(0, PAUSE_MAX_MS));
    }
  }

  private async carryOut(intent: Intent, round: Round): Promise<void> {
    switch (intent.kind) {
      case 'read':
        return this.read(intent, round);
      case 'set':
        return this.set(intent, round);
      case 'sequential': {
        const answer = await this.ask('create', { path: `${LINE}/n-`, sequential: true });
        if (typeof answer?.path === 'string') this.record.sequentialCreated(this.name, answer.path);
      }
    }
  }

  private async read({ path }: Intent & { kind: 'read' }, { operations }: Round): Promise<void> {
    const invokedMs = performance.now();
    const answer = await this.ask('get', { path });
    if (answer === undefined || 'error' in answer) return;
    const { version } = answer.stat as { version: number };
    this.intents.seen(path, version);
    operations.push({
      ...{ kind: 'read', client: this.name, path, invokedMs, returnedMs: performance.now() },
      ...{ data: String(answer.data), version },
    });
  }

  private async set(
    { path, data, expected }: Intent & { kind: 'set' },
    { operations }: Round,
  ): Promise<void> {
    const invokedMs = performance.now();
    const answer = await this.ask('set', { path, data, version: expected });
    const asked = { kind: 'set', client: this.name, path, invokedMs, data, expected } as const;
    const returnedMs = performance.now();
    const error = answer?.error as ErrorAnswer | undefined;
    if (answer === undefined || error?.definite === false)
      operations.push({ ...asked, returnedMs, outcome: { kind: 'unknown' } });
    else if (error?.code === 'BAD_VERSION')
      operations.push({ ...asked, returnedMs, outcome: { kind: 'badVersion' } });
    else if (error === undefined) {
      const { version } = answer.stat as { version: number };
      this.intents.seen(path, version);
      operations.push({ ...asked, returnedMs, outcome: { kind: 'ok', version } });
    }
  }

  private async ask(name: string, request: object): Promise<Answered> {
    try {
      const answer = await ask(this.connection, `mz.znode.${name}`, request, ANSWER_WITHIN_MS);
      const error = answer.error as ErrorAnswer | undefined;
      if (error !== undefined) this.record.count(`bare ${name} ${error.code}`);
      return answer;
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
      this.record.count(`bare ${name} ${error.code}`);
      if (error.code !== ErrorCode.NoResponders) return undefined;
      return { error: { code: 'UNAVAILABLE', definite: true } satisfies ErrorAnswer };
    }
  }
}
