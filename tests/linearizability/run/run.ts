/** Clients on TCP and NATS against a real ensemble under faults, round after round, and what is found wrong. */
import { SeededRandom } from '../../../simulation/random.ts';
import { pause, type TestCluster } from '../../cluster/harness.ts';
import { create, exists, sync } from '../../zookeeper/wire/requests.ts';
import { check } from '../checker/check.ts';
import { BareClient } from '../clients/bare-client.ts';
import { LINE, PRESENCE } from '../clients/intents.ts';
import { NatsClient } from '../clients/nats-client.ts';
import { TcpClient } from '../clients/tcp-client.ts';
import { ConnectionLost, type Reply, TcpSession } from '../clients/tcp-session.ts';
import { Faults } from './faults.ts';
import { INITIAL, Round, RunRecord } from './record.ts';

export interface RunOptions {
  readonly cluster: TestCluster;
  readonly seed: string;
  /** No fault begins later. */
  readonly seconds: number;
  /** Ends after the first round in which something is found to be wrong. */
  readonly untilViolation?: boolean;
  /** Told of each round that is over. */
  checked?(round: Round, record: RunRecord): void;
}

const TCP_CLIENTS = 4;
const NATS_CLIENTS = 3;
const BARE_CLIENTS = 2;
const PATHS = 3;
const ROUND_MS = 5_000;
/** Work goes on after the end of the last fault, so that what it left behind is seen. */
const CALM_MS = 2_000;
/** Beyond the timeout of an abandoned session: a new leader gives every session its whole timeout again. */
const EXPIRY_SLACK_MS = 20_000;
const NO_NODE = -101;
const NODE_EXISTS = -110;

/** The cluster must have relays. */
export async function runHistories(options: RunOptions): Promise<RunRecord> {
  const { cluster, seed } = options;
  const random = new SeededRandom(`histories ${seed}`);
  const record = new RunRecord();
  const keeper = new Keeper(cluster, random.fork('keeper'), record);
  for (const path of ['/histories', LINE, PRESENCE]) await keeper.create(path);

  const untilMs = performance.now() + options.seconds * 1000;
  let present: Round | undefined = await keeper.round(1);
  const tcp = Array.from({ length: TCP_CLIENTS }, (_, index) => {
    const name = `tcp-${index + 1}`;
    return new TcpClient(name, cluster.zookeeperAddresses, random.fork(name), record);
  });
  const nats = await Promise.all(
    Array.from({ length: NATS_CLIENTS }, (_, index) => {
      const name = `nats-${index + 1}`;
      return NatsClient.open(name, cluster.natsUrl, random.fork(name), record);
    }),
  );
  const bare = await Promise.all(
    Array.from({ length: BARE_CLIENTS }, async (_, index) => {
      const name = `bare-${index + 1}`;
      return new BareClient(name, await cluster.client(), random.fork(name), record);
    }),
  );
  const clients = [...tcp, ...nats, ...bare].map((client) => client.run(() => present));
  let isOver = false;
  const faults = new Faults(cluster, random.fork('faults'), record)
    .run(
      () =>
        performance.now() >= untilMs ||
        (options.untilViolation === true && record.violations.length > 0),
    )
    .then(() => pause(CALM_MS))
    .then(() => {
      isOver = true;
    });

  const checks: Promise<void>[] = [];
  const checkWhenOver = async (round: Round) => {
    await round.over();
    judge(round, record);
    options.checked?.(round, record);
  };
  const rounds = async () => {
    for (let past = present; past !== undefined; past = present) {
      await Promise.race([pause(ROUND_MS), faults]);
      present = isOver ? undefined : await keeper.round(past.number + 1);
      checks.push(checkWhenOver(past));
    }
  };
  await Promise.all([rounds(), faults, ...clients]);
  await Promise.all(checks);
  await cluster.untilWell();
  await keeper.awaitExpiry();
  keeper.leave();
  await compareTrees(cluster, record);
  return record;
}

/** All members are back, and hold the same tree at the same slot. */
async function compareTrees(cluster: TestCluster, record: RunRecord): Promise<void> {
  const members = cluster.zookeeperAddresses.length;
  for (;;) {
    const states = await cluster.coordStates();
    if (states.length < members || new Set(states.map(({ slot }) => slot)).size > 1) continue;
    record.count('members with the same slot', members);
    if (new Set(states.map(({ digest }) => digest)).size > 1)
      record.violation(`members hold different trees: ${JSON.stringify(states)}`);
    return;
  }
}

function judge(round: Round, record: RunRecord): void {
  const { operations } = round;
  record.count('rounds');
  record.count('operations', operations.length);
  for (const operation of operations)
    record.count(operation.kind === 'read' ? 'reads' : `sets: ${operation.outcome.kind}`);
  const verdict = check(operations, INITIAL);
  if (verdict.kind === 'violation') record.violation(verdict.explanation);
  if (verdict.kind === 'undecided')
    record.violation(`${verdict.path}: too many steps to decide whether it is linearizable`);
}

/** Makes what the clients use, and sees what remains. */
class Keeper {
  private readonly session: TcpSession;
  private readonly record: RunRecord;

  constructor(cluster: TestCluster, random: SeededRandom, record: RunRecord) {
    this.session = new TcpSession('keeper', cluster.zookeeperAddresses, random, record);
    this.record = record;
  }

  async round(number: number): Promise<Round> {
    const paths = Array.from({ length: PATHS }, (_, index) => `/histories/${number}-${index + 1}`);
    for (const path of paths) await this.create(path);
    return new Round(number, paths);
  }

  async create(path: string): Promise<void> {
    const { error } = await this.insist(async (answered) => {
      await this.session.ask([create(path, { data: INITIAL.data })], answered);
    });
    if (error !== 0 && error !== NODE_EXISTS) throw new Error(`${path} cannot be made: ${error}`);
  }

  async awaitExpiry(): Promise<void> {
    for (const { path, leftMs, timeoutMs } of this.record.abandoned) {
      const lastMs = Math.max(leftMs + timeoutMs, performance.now()) + EXPIRY_SLACK_MS;
      while (!(await this.isGone(path))) {
        if (performance.now() > lastMs) {
          this.record.violation(`${path} is still there after its session's timeout`);
          break;
        }
        await pause(100);
      }
    }
    this.record.count('ephemerals of abandoned sessions', this.record.abandoned.length);
  }

  leave(): void {
    this.session.drop();
  }

  private async isGone(path: string): Promise<boolean> {
    const { error } = await this.insist(async (answered) => {
      await this.session.ask([sync(path), exists(path)], answered);
    });
    return error === NO_NODE;
  }

  /** Again until all replies have come; gives the last. */
  private async insist(ask: (answered: (reply: Reply) => void) => Promise<void>): Promise<Reply> {
    for (;;) {
      if (!(await this.session.connect())) continue;
      let last: Reply | undefined;
      try {
        await ask((reply) => {
          last = reply;
        });
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        continue;
      }
      if (last !== undefined) return last;
    }
  }
}
