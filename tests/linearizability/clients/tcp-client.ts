/** A client of ZooKeeper's protocol: sets, conditional sets and linearizable reads (`sync` and `getData` together). */
import type { SeededRandom } from '../../../simulation/random.ts';
import { pause } from '../../cluster/harness.ts';
import type { Address } from '../../zookeeper/wire/connection.ts';
import { createFlags, errorNames, type Stat } from '../../zookeeper/wire/records.ts';
import {
  create,
  exists,
  getData,
  type Request,
  setData,
  sync,
} from '../../zookeeper/wire/requests.ts';
import type { Write } from '../checker/history.ts';
import type { Round, RunRecord } from '../run/record.ts';
import { type Intent, Intents, LINE, PRESENCE } from './intents.ts';
import { ConnectionLost, type Reply, TcpSession } from './tcp-session.ts';

const PIPELINED_MAX = 4;
const PAUSE_MAX_MS = 15;
const ABANDON_CHANCE = 0.004;
const BAD_VERSION = -103;
const NODE_EXISTS = -110;

export class TcpClient {
  private readonly name: string;
  private readonly random: SeededRandom;
  private readonly record: RunRecord;
  private readonly intents: Intents;
  private readonly session: TcpSession;

  constructor(
    name: string,
    addresses: readonly Address[],
    random: SeededRandom,
    record: RunRecord,
  ) {
    this.name = name;
    this.random = random;
    this.record = record;
    this.intents = new Intents(name, random.fork('intents'));
    this.session = new TcpSession(name, addresses, random.fork('session'), record);
  }

  /** Until `round` gives none any more. */
  async run(round: () => Round | undefined): Promise<void> {
    for (;;) {
      const present = round();
      if (present === undefined) break;
      if (!(await this.session.connect())) continue;
      try {
        await present.during(() => this.batch(present));
        if (this.random.chance(ABANDON_CHANCE)) await this.abandon();
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        this.record.count('TCP connections lost');
      }
      await pause(this.random.between(0, PAUSE_MAX_MS));
    }
    this.session.drop();
  }

  private async batch(round: Round): Promise<void> {
    const works = this.intents
      .draw(round, PIPELINED_MAX)
      .map((intent) => this.workOf(intent, round, performance.now()));
    const requests = works.flatMap((work) => work.requests.map((request) => ({ request, work })));
    try {
      await this.session.ask(
        requests.map(({ request }) => request),
        (reply, place) => {
          const { request, work } = requests[place]!;
          if (request === work.requests.at(-1)) work.answered(reply);
        },
      );
    } finally {
      for (const work of works) work.ended();
    }
  }

  private workOf(intent: Intent, round: Round, invokedMs: number): Work {
    switch (intent.kind) {
      case 'read':
        return this.read(intent, round, invokedMs);
      case 'set':
        return this.set(intent, round, invokedMs);
      case 'sequential':
        return {
          requests: [create(`${LINE}/n-`, { flags: createFlags.sequential })],
          answered: (reply) => {
            if (this.isFine(reply))
              this.session.witness.sequentialCreated((reply.body as { path: string }).path);
          },
          ended: () => undefined,
        };
    }
  }

  private read(
    { path, watch }: Intent & { kind: 'read' },
    { operations }: Round,
    invokedMs: number,
  ): Work {
    return {
      requests: [sync(path), getData(path, watch)],
      answered: (reply) => {
        if (!this.isFine(reply)) return;
        const { data, stat } = reply.body as { data: string; stat: Stat };
        this.shown(path, stat.version, watch);
        const returnedMs = performance.now();
        const { version } = stat;
        operations.push({
          ...{ kind: 'read', client: this.name, path, invokedMs, returnedMs },
          ...{ data, version },
        });
      },
      ended: () => undefined,
    };
  }

  private set(
    { path, data, expected }: Intent & { kind: 'set' },
    { operations }: Round,
    invokedMs: number,
  ): Work {
    let outcome: Write['outcome'] = { kind: 'unknown' };
    let returnedMs: number | undefined;
    return {
      requests: [setData(path, data, expected)],
      answered: (reply) => {
        returnedMs = performance.now();
        if (expected !== -1 && reply.error === BAD_VERSION) outcome = { kind: 'badVersion' };
        else if (this.isFine(reply)) {
          const { version } = (reply.body as { stat: Stat }).stat;
          outcome = { kind: 'ok', version };
          this.shown(path, version);
        }
      },
      ended: () =>
        operations.push({
          ...{ kind: 'set', client: this.name, path, invokedMs },
          ...{ returnedMs: returnedMs ?? performance.now(), data, expected, outcome },
        }),
    };
  }

  private shown(path: string, version: number, watch = false): void {
    this.session.witness.shown(path, version, watch);
    this.intents.seen(path, version);
  }

  /** What exists is never deleted, and anybody may do anything: no other error has a reason. */
  private isFine({ request, error }: Reply): boolean {
    if (error === 0) return true;
    const name = errorNames[error] ?? error;
    this.record.violation(`${this.name}: ${request?.name} was answered with ${name}`);
    return false;
  }

  /** Leaves an ephemeral node, which is there while the session is, and goes for good. */
  private async abandon(): Promise<void> {
    const path = `${PRESENCE}/${this.session.id?.toString(16)}`;
    await this.session.ask(
      [create(path, { flags: createFlags.ephemeral }), sync(path), exists(path)],
      (reply) => {
        // Of an earlier try whose reply was lost.
        if (reply.error !== NODE_EXISTS) this.isFine(reply);
      },
    );
    const { timeoutMs } = this.session;
    this.session.abandon();
    this.record.abandoned.push({ path, leftMs: performance.now(), timeoutMs });
  }
}

interface Work {
  readonly requests: readonly Request[];
  /** The reply to the last of the requests. */
  answered(reply: Reply): void;
  /** Whether answered or not. */
  ended(): void;
}
