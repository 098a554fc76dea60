/** Ports of an agent for tests: a clock that stands until it is moved, a disk that can be torn, processes on command. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Epoch, MasterId, SessionId } from '../../../protocol/ids.ts';
import type {
  Clock,
  Delivery,
  LaunchSpec,
  ProcessEnd,
  Processes,
  ProcessIdentity,
  ProcessUsage,
  Storage,
  Transport,
} from '../../actor.ts';
import type { Answer, CoordClient, Followed, SessionState } from '../../coord/client/contract.ts';
import { subscriptionOf } from '../../testing/subscription.ts';

export class FakeClock implements Clock {
  nowMs = 1_000_000;
  private events: { atMs: number; order: number; run: () => void }[] = [];
  private order = 0;

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  after(delayMs: number, run: () => void) {
    const event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.order++, run };
    this.events.push(event);
    return {
      cancel: () => {
        this.events = this.events.filter((other) => other !== event);
      },
    };
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  /** Runs everything that is due within the time, in order. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.events
        .filter((event) => event.atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (next === undefined) break;
      this.events = this.events.filter((event) => event !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = untilMs;
  }

  /** As if the process were gone: nothing that it waits for comes. */
  clear(): void {
    this.events = [];
  }
}

/** Operations reach the disk one after another, a moment after the call. */
export class FakeStorage implements Storage {
  readonly files = new Map<string, Uint8Array>();
  /** Operations that have reached the disk. */
  done = 0;
  /** Stops the world at this operation: it is on the disk, nobody hears of it. */
  crashAt = Number.POSITIVE_INFINITY;
  crashed: () => void = () => undefined;
  /** Of the last operation that reached the disk; 0 for anything but an append. */
  lastAppendBytes = 0;
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  list() {
    return [...this.files].map(([name, content]) => ({ name, bytes: content.length }));
  }

  read(name: string, offset = 0, length?: number): Uint8Array {
    const content = this.files.get(name);
    if (content === undefined) throw new MesozooError('DISK_FAILED', `no file ${name}`);
    return content.slice(offset, length === undefined ? undefined : offset + length);
  }

  append(name: string, pieces: readonly Uint8Array[], saved: () => void): void {
    this.operate(() => {
      this.put(name, this.files.get(name)?.length ?? 0, pieces);
      this.lastAppendBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    }, saved);
  }

  write(name: string, at: number, pieces: readonly Uint8Array[], saved: () => void): void {
    this.operate(() => this.put(name, at, pieces), saved);
  }

  replace(name: string, content: Uint8Array, saved: () => void): void {
    this.operate(() => this.files.set(name, content.slice()), saved);
  }

  truncate(name: string, bytes: number): void {
    this.files.set(name, this.read(name, 0, bytes));
  }

  remove(name: string, saved: () => void): void {
    this.operate(() => this.files.delete(name), saved);
  }

  rename(from: string, to: string, saved: () => void): void {
    this.operate(() => {
      this.files.set(to, this.read(from));
      this.files.delete(from);
    }, saved);
  }

  private put(name: string, at: number, pieces: readonly Uint8Array[]): void {
    const old = this.files.get(name) ?? new Uint8Array(0);
    const added = Buffer.concat(pieces);
    const rest = old.subarray(at + added.length);
    this.files.set(name, Buffer.concat([old.subarray(0, at), added, rest]));
  }

  private operate(change: () => void, saved: () => void): void {
    this.clock.after(1, () => {
      this.lastAppendBytes = 0;
      change();
      this.done++;
      if (this.done === this.crashAt) this.crashed();
      else saved();
    });
  }
}

interface FakeProcess {
  readonly spec: LaunchSpec;
  readonly identity: ProcessIdentity;
  end?: ProcessEnd;
  told?: (end: ProcessEnd) => void;
  readonly signals: string[];
}

/** Processes outlive the agent's crashes; whoever watches them does not. */
export class FakeProcesses implements Processes {
  readonly launches: LaunchSpec[] = [];
  readonly all = new Map<string, FakeProcess>();
  readonly removed: string[] = [];
  readonly outputs = new Map<string, Uint8Array>();
  /** How a launch of this sandbox fails. */
  readonly failures = new Map<string, string>();
  usages = new Map<string, ProcessUsage>();
  /** What a signal does; by default the process dies of it. */
  onSignal: (process: FakeProcess, signal: 'SIGTERM' | 'SIGKILL') => void = (process, signal) =>
    this.end(process.spec.sandbox, { kind: 'signalled', signal });
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  launch(
    spec: LaunchSpec,
    started: (result: ProcessIdentity | { readonly failure: string }) => void,
  ): void {
    this.launches.push(spec);
    const failure = this.failures.get(spec.sandbox);
    if (failure !== undefined) {
      this.clock.soon(() => started({ failure }));
      return;
    }
    const identity = { pid: 100 + this.launches.length, startedAt: `${this.clock.nowMs}` };
    this.all.set(spec.sandbox, { spec, identity, signals: [] });
    this.clock.after(1, () => started(identity));
  }

  watch(sandbox: string, _identity: ProcessIdentity, ended: (end: ProcessEnd) => void): void {
    const process = this.all.get(sandbox);
    if (process === undefined) this.clock.soon(() => ended({ kind: 'vanished' }));
    else {
      process.told = ended;
      const { end } = process;
      if (end !== undefined) this.clock.soon(() => ended(end));
    }
  }

  find(sandbox: string): ProcessIdentity | undefined {
    return this.all.get(sandbox)?.identity;
  }

  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): void {
    for (const process of this.all.values()) {
      if (process.identity.pid !== identity.pid || process.end !== undefined) continue;
      process.signals.push(signal);
      this.onSignal(process, signal);
    }
  }

  usage(identity: ProcessIdentity): ProcessUsage | undefined {
    for (const process of this.all.values())
      if (process.identity.pid === identity.pid && process.end === undefined)
        return (
          this.usages.get(process.spec.sandbox) ?? { cpuSeconds: 0, memBytes: 0, processes: 1 }
        );
    return undefined;
  }

  readOutput(sandbox: string, stream: 'stdout' | 'stderr', offset: number, length: number) {
    const content = this.outputs.get(`${sandbox}/${stream}`);
    if (content === undefined) return undefined;
    return { bytes: content.slice(offset, offset + length), size: content.length };
  }

  listSandboxes(): readonly string[] {
    return [...this.all.keys()];
  }

  removeSandbox(sandbox: string): void {
    this.removed.push(sandbox);
    this.all.delete(sandbox);
  }

  end(sandbox: string, end: ProcessEnd): void {
    const process = this.all.get(sandbox);
    if (process === undefined || process.end !== undefined) return;
    process.end = end;
    const { told } = process;
    if (told !== undefined) this.clock.soon(() => told(end));
  }

  write(sandbox: string, stream: 'stdout' | 'stderr', text: string | Uint8Array): void {
    const name = `${sandbox}/${stream}`;
    this.outputs.set(
      name,
      Buffer.concat(
        [this.outputs.get(name) ?? [], Buffer.from(text)].map((part) => Buffer.from(part)),
      ),
    );
  }

  agentCrashed(): void {
    for (const process of this.all.values()) process.told = undefined;
  }

  running(): string[] {
    return [...this.all.values()]
      .filter((process) => process.end === undefined)
      .map((process) => process.spec.sandbox);
  }
}

/** Messages are delivered a moment later, to whoever listens then. */
export class FakeTransport implements Transport {
  readonly inbox = '_MZ_INBOX.agent.test';
  maxPayloadBytes = 1024 * 1024;
  published: (subject: string, payload: Uint8Array) => void = () => undefined;
  private handlers = new Map<string, (delivery: Delivery) => void>();
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  publish(subject: string, payload: Uint8Array): void {
    if (payload.length > this.maxPayloadBytes) throw new MesozooError('PAYLOAD_TOO_LARGE');
    this.clock.soon(() => this.published(subject, payload));
  }

  subscribe(subject: string, handler: (delivery: Delivery) => void) {
    this.handlers.set(subject, handler);
    return subscriptionOf(() => this.handlers.delete(subject));
  }

  serve() {
    return subscriptionOf(() => undefined);
  }

  isConnected(): boolean {
    return true;
  }

  onConnection(): void {
    // It never breaks.
  }

  deliver(subject: string, payload: Uint8Array): void {
    this.clock.soon(() => this.handlers.get(subject)?.({ subject, payload }));
  }

  clear(): void {
    this.handlers = new Map();
  }
}

interface FakeNode {
  data: string;
  readonly owner: string;
}

/** A tree that outlives its clients. */
export class FakeTree {
  /** The coords make the system's own. */
  readonly nodes = new Map<string, FakeNode>([
    ['/mesozoo', { data: '', owner: '' }],
    ['/mesozoo/agents', { data: '', owner: '' }],
  ]);
  leader: { masterId: MasterId; epoch: Epoch } | undefined;
  readonly clients = new Set<FakeCoordClient>();
  sessions = 0;

  lead(masterId: string, epoch: number): void {
    this.leader = { masterId: masterId as MasterId, epoch: epoch as Epoch };
    for (const client of this.clients) client.leaderChanged();
  }

  nobodyLeads(): void {
    this.leader = undefined;
    for (const client of this.clients) client.leaderChanged();
  }
}

type Handler = (answer: Answer<Followed>) => void;

export class FakeCoordClient implements CoordClient {
  state: SessionState = 'closed';
  session: SessionId | undefined;
  lastHeardMs = 0;
  timeoutMs = 6000;
  private readonly tree: FakeTree;
  private readonly clock: FakeClock;
  private readonly stateHandlers = new Set<(state: SessionState) => void>();
  private readonly followers = new Set<{ kind: string; path: string; handler: Handler }>();

  constructor(tree: FakeTree, clock: FakeClock) {
    this.tree = tree;
    this.clock = clock;
    tree.clients.add(this);
  }

  open(): void {
    this.clock.soon(() => this.reconnect());
  }

  /** In a new session: the old one's ephemerals are still there unless `expire` was called. */
  reconnect(): void {
    this.session = `session-${++this.tree.sessions}` as SessionId;
    this.enter('connected');
    this.leaderChanged();
  }

  expire(): void {
    for (const [path, node] of this.tree.nodes)
      if (node.owner === this.session) this.tree.nodes.delete(path);
    this.enter('expired');
  }

  close(done?: () => void): void {
    this.expire();
    this.state = 'closed';
    this.clock.soon(() => done?.());
  }

  onState(handler: (state: SessionState) => void): { stop(): void } {
    this.stateHandlers.add(handler);
    return { stop: () => this.stateHandlers.delete(handler) };
  }

  onEvent(): void {
    // Nobody here listens to events.
  }

  request: CoordClient['request'] = (name, request, done) => {
    const { path, data, ephemeral } = request as {
      path: string;
      data: string;
      ephemeral?: boolean;
    };
    const answer = this.carryOut(name, path, data, ephemeral ? (this.session ?? '') : '');
    this.clock.soon(() => {
      if (this.state !== 'closed') done(answer as never);
    });
  };

  follow(kind: 'get' | 'exists' | 'children', path: string, handler: Handler) {
    const follower = { kind, path, handler };
    this.followers.add(follower);
    if (this.state === 'connected') this.clock.soon(() => this.tell(follower));
    return { stop: () => void this.followers.delete(follower) };
  }

  leaderChanged(): void {
    for (const follower of this.followers) this.clock.soon(() => this.tell(follower));
  }

  private tell(follower: { kind: string; path: string; handler: Handler }): void {
    const { leader } = this.tree;
    if (!this.followers.has(follower) || this.state !== 'connected') return;
    const name = leader && `json.info_${String(leader.epoch).padStart(10, '0')}`;
    if (follower.kind === 'children')
      follower.handler({
        ok: true,
        value: { kind: 'children', children: name ? [name] : [], zxid: 1 },
      });
    else if (leader !== undefined && follower.path.endsWith(name ?? ''))
      follower.handler({
        ok: true,
        value: {
          kind: 'get',
          data: new TextEncoder().encode(JSON.stringify({ id: leader.masterId })),
          zxid: 1,
          version: 0,
          stat: { czxid: leader.epoch } as never,
        },
      });
  }

  private carryOut(name: string, path: string, data: string, owner: string): Answer<unknown> {
    const node = this.tree.nodes.get(path);
    const no = (code: 'NO_NODE' | 'NODE_EXISTS' | 'BAD_REQUEST'): Answer<unknown> => ({
      ok: false,
      error: new MesozooError(code),
    });
    const parent = path.slice(0, path.lastIndexOf('/'));
    switch (name) {
      case 'create':
        if (node !== undefined) return no('NODE_EXISTS');
        if (parent !== '' && !this.tree.nodes.has(parent)) return no('NO_NODE');
        this.tree.nodes.set(path, { data, owner });
        return { ok: true, value: { path } };
      case 'set':
        if (node === undefined) return no('NO_NODE');
        node.data = data;
        return { ok: true, value: {} };
      case 'delete':
        return this.tree.nodes.delete(path) ? { ok: true, value: {} } : no('NO_NODE');
      case 'exists':
        return {
          ok: true,
          value: { exists: node !== undefined, stat: node && { ephemeralOwner: node.owner } },
        };
      default:
        return no('BAD_REQUEST');
    }
  }

  private enter(state: SessionState): void {
    this.state = state;
    for (const handler of this.stateHandlers) handler(state);
  }
}
