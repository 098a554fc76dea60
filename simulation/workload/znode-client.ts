/**
 * A client of the tree that does a bit of everything and writes down what it asked and what it was told: writes to a
 * node of its own (whose versions must count up one by one), to registers shared by all, pairs of nodes in one multi,
 * sequential nodes, ephemerals, reads of each kind, and watches.
 */
import type { Actor, Ports } from '../../actors/actor.ts';
import type { Answer } from '../../actors/coord/client/contract.ts';
import { SessionClient } from '../../actors/coord/client/session-client.ts';
import type { StatBody, ZnodeRequest, ZnodeRequestName } from '../../protocol/znode-api.ts';
import type { SeededRandom } from '../random.ts';
import type { ClientOperation, History, HistoryEntry } from './history.ts';

export const workloadPaths = {
  root: '/w',
  queue: '/w/q',
  ephemerals: '/w/e',
  pair: ['/w/pair-a', '/w/pair-b'],
  own: (session: string) => `/w/own-${session}`,
  register: (index: number) => `/w/r${index}`,
} as const;

export interface ZnodeClientOptions {
  readonly name: string;
  readonly cluster: string;
  readonly history: History;
  readonly random: SeededRandom;
  readonly registers: number;
  readonly thinkMs: readonly [number, number];
  readonly outstandingMax: number;
  readonly sessionTimeoutMs: number;
  /** Counts the runs of this client. */
  readonly run: number;
}

type Kind =
  | 'own'
  | 'register'
  | 'compareAndSet'
  | 'pair'
  | 'failingMulti'
  | 'sequential'
  | 'deleteSequential'
  | 'ephemeral'
  | 'read'
  | 'readLinearizable'
  | 'watch'
  | 'children'
  | 'sync';

const WEIGHTS: Readonly<Record<Kind, number>> = {
  own: 6,
  register: 4,
  compareAndSet: 2,
  pair: 2,
  failingMulti: 1,
  sequential: 2,
  deleteSequential: 1,
  ephemeral: 1,
  read: 3,
  readLinearizable: 2,
  watch: 3,
  children: 1,
  sync: 0.5,
};

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: unknown) =>
  data instanceof Uint8Array ? new TextDecoder().decode(data) : undefined;

export class ZnodeClient implements Actor {
  private readonly ports: Ports;
  private readonly options: ZnodeClientOptions;
  private readonly session: SessionClient;
  private readonly written: string;
  private sessions = 0;
  private ownWrites = 0;
  /** A write to the own node was refused: its versions no longer tell anything. */
  private ownDirty = false;
  private ownReady = false;
  private counter = 0;
  private readonly sequential: string[] = [];
  private issuing = true;
  outstanding = 0;
  /** Told that a final write was answered. */
  probed = false;

  constructor(ports: Ports, options: ZnodeClientOptions) {
    this.ports = ports;
    this.options = options;
    this.written = `${options.name}.${options.run}`;
    this.session = new SessionClient(ports, {
      cluster: options.cluster,
      timeoutMs: options.sessionTimeoutMs,
      reopen: true,
    });
  }

  start(): void {
    this.session.onState((state) => {
      if (state === 'expired') this.newSession();
    });
    this.session.onEvent((event) => {
      const { history, name } = this.options;
      history.events.push({
        client: name,
        session: this.sessionName,
        type: event.type,
        path: event.path,
        zxid: event.zxid,
        at: history.nextPosition(name),
      });
    });
    this.session.open();
    this.newSession();
    this.next();
  }

  endTurn(): void {
    // Everything happens as it comes: there is nothing to gather.
  }

  stop(done: () => void): void {
    this.session.close(done);
  }

  /** No more requests but those that are on the way. */
  stopIssuing(): void {
    this.issuing = false;
  }

  /** A write that must succeed now that nothing is wrong any more. */
  probe(): void {
    if (this.probed) return;
    const path = workloadPaths.register(0);
    const data = this.unique();
    this.ask('set', path, data, 'set', { path, data: bytes(data) }, (answer) => {
      if (answer.ok) this.probed = true;
    });
  }

  get state(): string {
    return this.session.state;
  }

  private get sessionName(): string {
    return `${this.written}.${this.sessions}`;
  }

  private newSession(): void {
    this.sessions++;
    this.ownWrites = 0;
    this.ownDirty = false;
    this.ownReady = false;
    this.setUp();
  }

  private setUp(): void {
    const create = (path: string) => {
      this.session.request('create', { path }, () => undefined);
    };
    create(workloadPaths.root);
    create(workloadPaths.queue);
    create(workloadPaths.ephemerals);
    for (let index = 0; index < this.options.registers; index++)
      create(workloadPaths.register(index));
    for (const path of workloadPaths.pair) create(path);
    const session = this.sessions;
    this.session.request(
      'create',
      { path: workloadPaths.own(this.sessionName), data: bytes('0') },
      (answer) => {
        if (answer.ok && session === this.sessions) this.ownReady = true;
      },
    );
  }

  private next(): void {
    const { thinkMs, random, outstandingMax } = this.options;
    this.ports.clock.after(random.between(...thinkMs), () => {
      if (this.issuing && this.outstanding < outstandingMax && this.ownReady) this.issue();
      this.next();
    });
  }

  private issue(): void {
    const { random, registers } = this.options;
    const register = workloadPaths.register(random.below(registers));
    const actions: Readonly<Record<Kind, () => void>> = {
      own: () => this.writeOwn(),
      register: () => this.write(register),
      compareAndSet: () => this.write(register, this.options.history.versionOf(register)),
      pair: () => this.writePair(),
      failingMulti: () => this.failMulti(register),
      sequential: () => this.createSequential(),
      deleteSequential: () => this.deleteSequential(),
      ephemeral: () => this.createEphemeral(),
      read: () => this.read(register, false, false),
      readLinearizable: () => this.read(register, true, false),
      watch: () => this.read(register, false, true),
      children: () => this.readChildren(),
      sync: () => this.ask('sync', '/', undefined, 'sync', { path: '/' }),
    };
    actions[random.weighted<Kind>(WEIGHTS) ?? 'own']();
  }

  private unique(): string {
    return `${this.sessionName}.${this.counter++}`;
  }

  private writeOwn(): void {
    this.ownWrites++;
    const expected = this.ownWrites;
    const path = workloadPaths.own(this.sessionName);
    const session = this.sessions;
    this.ask(
      'set',
      path,
      String(expected),
      'set',
      { path, data: bytes(String(expected)) },
      (answer) => {
        if (!answer.ok && session === this.sessions) this.ownDirty = true;
      },
      { ...(!this.ownDirty && { versionExpected: expected }) },
    );
  }

  private write(path: string, version = -1): void {
    const data = this.unique();
    this.ask('set', path, data, 'set', { path, data: bytes(data), version });
  }

  private writePair(): void {
    const data = this.unique();
    const [a, b] = workloadPaths.pair;
    this.ask('multi', a, data, 'multi', {
      operations: [
        { op: 'set', path: a, data: bytes(data) },
        { op: 'set', path: b, data: bytes(data) },
      ],
    });
  }

  private failMulti(register: string): void {
    const data = this.unique();
    this.ask('multi', register, data, 'multi', {
      operations: [
        { op: 'set', path: register, data: bytes(data) },
        { op: 'check', path: '/w/there-is-no-such-node', version: -1 },
      ],
    });
  }

  private createSequential(): void {
    const data = this.unique();
    this.ask(
      'create',
      workloadPaths.queue,
      data,
      'create',
      { path: `${workloadPaths.queue}/n-`, data: bytes(data), sequential: true },
      (answer) => {
        if (answer.ok) this.sequential.push((answer.value as { path: string }).path);
      },
    );
  }

  private deleteSequential(): void {
    const path = this.sequential.shift();
    if (path === undefined) return;
    this.ask('delete', path, undefined, 'delete', { path });
  }

  private createEphemeral(): void {
    const path = `${workloadPaths.ephemerals}/${this.unique()}`;
    this.ask('create', path, undefined, 'create', { path, ephemeral: true });
  }

  private read(path: string, linearizable: boolean, watch: boolean): void {
    this.ask('get', path, undefined, 'get', { path, linearizable, watch }, () => undefined, {
      linearizable,
      watch,
    });
  }

  private readChildren(): void {
    const path = workloadPaths.queue;
    this.ask('children', path, undefined, 'children', { path, limit: 3 });
  }

  private ask<Name extends ZnodeRequestName>(
    operation: ClientOperation,
    path: string,
    written: string | undefined,
    name: Name,
    request: ZnodeRequest<Name>,
    then: (answer: Answer<unknown>) => void = () => undefined,
    more: Partial<Pick<HistoryEntry, 'linearizable' | 'watch' | 'versionExpected'>> = {},
  ): void {
    const { history, name: client } = this.options;
    const session = this.sessionName;
    const entry: HistoryEntry = {
      client,
      session,
      operation,
      path,
      ...(written !== undefined && { written }),
      linearizable: false,
      watch: false,
      ...more,
      invokedMs: this.ports.clock.monotonicMs(),
      versionBefore: history.versionOf(path),
      sessionVersionBefore: history.sessionVersionOf(session, path),
      outcome: 'pending',
    };
    history.entries.push(entry);
    this.outstanding++;
    this.session.request(name, request, (answer) => {
      this.outstanding--;
      entry.answeredAt = history.nextPosition(client);
      if (answer.ok) this.noteAnswer(entry, answer.value as never);
      else {
        entry.outcome = answer.error.definite ? 'failed' : 'unknown';
        entry.error = answer.error.code;
      }
      then(answer as Answer<unknown>);
    });
  }

  private noteAnswer(
    entry: HistoryEntry,
    value: {
      zxid: number;
      stat?: StatBody;
      data?: unknown;
      path?: string;
      results?: readonly { stat?: StatBody }[];
    },
  ): void {
    entry.outcome = 'ok';
    entry.zxid = value.zxid;
    const version = value.stat?.version ?? value.results?.[0]?.stat?.version;
    if (version !== undefined && entry.operation !== 'create' && entry.operation !== 'children') {
      entry.version = version;
      this.options.history.saw(entry.session, entry.path, version);
    }
    if (entry.operation === 'create' && value.path !== undefined) entry.createdPath = value.path;
    if (entry.operation === 'get') entry.read = text(value.data) ?? '';
  }
}
