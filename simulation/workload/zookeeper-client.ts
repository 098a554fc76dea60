/**
 * A client that was written for ZooKeeper: the same registers, queue and nodes of its own as the clients over NATS use,
 * written down in the same history, so that the same checkers see what one door shows of the other.
 */
import type { Actor, Ports, TcpConnection, TcpHandlers } from '../../actors/actor.ts';
import { JuteReader, type JuteWriter } from '../../actors/coord/gateway/jute.ts';
import { opcodes } from '../../actors/coord/gateway/opcodes.ts';
import { createBody, readBody, setBody } from '../../actors/coord/gateway/testing/frames.ts';
import type { ReplyOrderChecker } from '../checkers/reply-order.ts';
import type { SeededRandom } from '../random.ts';
import type { ClientOperation, History, HistoryEntry } from './history.ts';
import { workloadPaths } from './znode-client.ts';
import { type Reply, ZookeeperConnection } from './zookeeper-connection.ts';

export interface ZookeeperClientOptions {
  readonly name: string;
  readonly run: number;
  readonly servers: readonly string[];
  readonly dial: (server: string, handlers: TcpHandlers) => TcpConnection;
  readonly history: History;
  readonly replies: ReplyOrderChecker;
  readonly random: SeededRandom;
  readonly registers: number;
  readonly thinkMs: readonly [number, number];
  readonly outstandingMax: number;
}

const WEIGHTS = {
  own: 5,
  register: 4,
  compareAndSet: 3,
  sequential: 2,
  read: 3,
  readAfterSync: 3,
  watch: 4,
} as const;
type Kind = keyof typeof WEIGHTS;

const SEQUENTIAL = 2;
const NOTHING_CHANGED: ReadonlySet<number> = new Set([-101, -103, -110]);
/** Of a stat: what comes before the version of the data. */
const STAT_VERSION_AT = 32;

type More = Partial<Pick<HistoryEntry, 'linearizable' | 'watch' | 'versionExpected'>>;

export class ZookeeperClient implements Actor {
  private readonly ports: Ports;
  private readonly options: ZookeeperClientOptions;
  private readonly connection: ZookeeperConnection;
  /** Watched, as far as this client knows: set again after each reconnect. */
  private readonly armed = new Set<string>();
  private sessions = 1;
  private counter = 0;
  private ownWrites = 0;
  private ownReady = false;
  /** A write to the own node has an unknown outcome: its versions no longer tell anything. */
  private ownDirty = false;
  private issuing = true;
  outstanding = 0;
  probed = false;

  constructor(ports: Ports, options: ZookeeperClientOptions) {
    this.ports = ports;
    this.options = options;
    const { servers, dial, random, replies } = options;
    this.connection = new ZookeeperConnection(ports, {
      ...{ servers, dial, random, replies },
      sessionName: () => this.sessionName,
      connected: (isNew) => {
        if (isNew) this.setUp();
        else if (this.armed.size > 0) this.connection.setWatches([...this.armed]);
      },
      expired: () => this.expired(),
      event: (path) => this.noteEvent(path),
    });
  }

  start(): void {
    this.connection.start();
    this.next();
  }

  endTurn(): void {
    // Everything happens as it comes: there is nothing to gather.
  }

  stop(done: () => void): void {
    done();
  }

  stopIssuing(): void {
    this.issuing = false;
  }

  /** A write that must succeed now that nothing is wrong any more. */
  probe(): void {
    if (this.probed || !this.connection.isOpen) return;
    this.write(workloadPaths.register(0), -1, (entry) => {
      this.probed = entry.outcome === 'ok';
    });
  }

  get state(): string {
    return this.connection.isOpen ? 'connected' : 'disconnected';
  }

  private get sessionName(): string {
    return `${this.options.name}.${this.options.run}.${this.sessions}`;
  }

  private expired(): void {
    this.sessions++;
    this.armed.clear();
    this.ownWrites = 0;
    this.ownDirty = false;
    this.ownReady = false;
  }

  private setUp(): void {
    const create = (path: string, data: string, then: (reply: Reply) => void = () => undefined) =>
      this.connection.ask(opcodes.create, createBody(path, data), then);
    create(workloadPaths.root, '');
    create(workloadPaths.queue, '');
    for (let index = 0; index < this.options.registers; index++)
      create(workloadPaths.register(index), '');
    const session = this.sessions;
    create(workloadPaths.own(this.sessionName), '0', (reply) => {
      if (reply.kind === 'reply' && reply.error === 0 && session === this.sessions)
        this.ownReady = true;
    });
  }

  private next(): void {
    const { thinkMs, random, outstandingMax } = this.options;
    this.ports.clock.after(random.between(...thinkMs), () => {
      const mayAsk = this.connection.isOpen && this.outstanding < outstandingMax;
      if (this.issuing && mayAsk) this.issue();
      this.next();
    });
  }

  private issue(): void {
    const { random, registers, history } = this.options;
    const register = workloadPaths.register(random.below(registers));
    const actions: Readonly<Record<Kind, () => void>> = {
      own: () => this.writeOwn(),
      register: () => this.write(register, -1),
      compareAndSet: () => this.write(register, history.versionOf(register)),
      sequential: () => this.createSequential(),
      read: () => this.read(register),
      readAfterSync: () => this.readAfterSync(register),
      watch: () => this.read(register, { watch: true }),
    };
    actions[random.weighted<Kind>(WEIGHTS) ?? 'own']();
  }

  private writeOwn(): void {
    if (!this.ownReady) return;
    const path = workloadPaths.own(this.sessionName);
    const session = this.sessions;
    const expected = ++this.ownWrites;
    this.ask(
      ...(['set', path, String(expected)] as const),
      ...([opcodes.setData, setBody(path, String(expected))] as const),
      { ...(!this.ownDirty && { versionExpected: expected }) },
      ({ outcome }) => {
        if (outcome !== 'ok' && session === this.sessions) this.ownDirty = true;
      },
    );
  }

  private write(path: string, version: number, then?: (entry: HistoryEntry) => void): void {
    const data = this.unique();
    this.ask('set', path, data, opcodes.setData, setBody(path, data, version), {}, then);
  }

  private createSequential(): void {
    const data = this.unique();
    const path = workloadPaths.queue;
    this.ask('create', path, data, opcodes.create, createBody(`${path}/n-`, data, SEQUENTIAL));
  }

  private read(path: string, more: More = {}): void {
    const body = readBody(path, more.watch);
    this.ask('get', path, undefined, opcodes.getData, body, more, ({ outcome }) => {
      if (outcome === 'ok' && more.watch === true) this.armed.add(path);
    });
  }

  /** Both leave together: what the read shows is at least as new as the sync. */
  private readAfterSync(path: string): void {
    this.connection.ask(
      opcodes.sync,
      (out) => out.string(path),
      () => undefined,
    );
    this.read(path, { linearizable: true });
  }

  private unique(): string {
    return `${this.sessionName}.${this.counter++}`;
  }

  private noteEvent(path: string): void {
    const { history, name } = this.options;
    this.armed.delete(path);
    history.events.push({
      ...{ client: name, session: this.sessionName, type: 'dataChanged', path, zxid: -1 },
      at: history.nextPosition(name),
    });
  }

  private ask(
    operation: ClientOperation,
    path: string,
    written: string | undefined,
    type: number,
    body: (out: JuteWriter) => void,
    more: More = {},
    then: (entry: HistoryEntry) => void = () => undefined,
  ): void {
    const { history, name: client } = this.options;
    const session = this.sessionName;
    const entry: HistoryEntry = {
      ...{ client, session, operation, path, linearizable: false, watch: false },
      ...(written !== undefined && { written }),
      ...more,
      invokedMs: this.ports.clock.monotonicMs(),
      versionBefore: history.versionOf(path),
      sessionVersionBefore: history.sessionVersionOf(session, path),
      outcome: 'pending',
    };
    history.entries.push(entry);
    this.outstanding++;
    this.connection.ask(type, body, (reply) => {
      this.outstanding--;
      entry.answeredAt = history.nextPosition(client);
      this.note(entry, reply);
      then(entry);
    });
  }

  private note(entry: HistoryEntry, reply: Reply): void {
    if (reply.kind === 'lost' || reply.error !== 0) {
      const isDefinite = reply.kind === 'reply' && NOTHING_CHANGED.has(reply.error);
      entry.outcome = isDefinite ? 'failed' : 'unknown';
      entry.error = reply.kind === 'lost' ? 'CONNECTION_LOSS' : String(reply.error);
      return;
    }
    entry.outcome = 'ok';
    entry.zxid = reply.zxid;
    const reader = new JuteReader(reply.body);
    if (entry.operation === 'create') {
      entry.createdPath = reader.string();
      return;
    }
    if (entry.operation === 'get')
      entry.read = new TextDecoder().decode(reader.buffer() ?? undefined);
    const statAt = reply.body.length - reader.left;
    entry.version = reply.body.readInt32BE(statAt + STAT_VERSION_AT);
    this.options.history.saw(entry.session, entry.path, entry.version);
  }
}
