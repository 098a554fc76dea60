/** Three members of a quorum and bare clients in one process, under virtual time: for tests. */
import { decode, encode, type Form } from '../../../protocol/codec.ts';
import type { MemberId } from '../../../protocol/ids.ts';
import { inboxPrefixes, subjectsOf } from '../../../protocol/subjects.ts';
import { Truth } from '../../../simulation/checkers/truth.ts';
import { SimulatedDisk } from '../../../simulation/disk.ts';
import { Life } from '../../../simulation/life.ts';
import { SimulatedConnection } from '../../../simulation/network/connection.ts';
import { PLAIN_NETWORK } from '../../../simulation/network/settings.ts';
import { isDiskFailure, SimulatedProcess } from '../../../simulation/process.ts';
import { World } from '../../../simulation/world.ts';
import type { Delivery } from '../../actor.ts';
import type { PlantedBugs } from '../../planted.ts';
import { CoordActor, type CoordBounds, type CoordPorts, type CoordTiming } from '../coord.ts';

export const CLUSTER = 'mz';
export const SYSTEM_DIGEST = 'system:secret';
export const subjects = subjectsOf(CLUSTER);

/** With `SEED_SHIFT=50 vitest run …` every cluster of the tests gets another seed: none may depend on a lucky one. */
const seedShift = Number(process.env.SEED_SHIFT ?? 0);

export interface ClusterOptions {
  readonly members?: number;
  /** With the next numbers, empty disks and no bootstrap; the test starts them. */
  readonly spare?: number;
  readonly seed?: number;
  readonly bounds?: Partial<CoordBounds>;
  readonly timing?: Partial<CoordTiming>;
  readonly planted?: PlantedBugs;
  readonly print?: (line: string) => void;
}

export interface Member {
  readonly id: MemberId;
  readonly disk: SimulatedDisk;
  readonly process: SimulatedProcess<CoordActor>;
  bootstrap: boolean;
}

export class Cluster {
  readonly world: World;
  readonly truth: Truth;
  readonly members: Member[] = [];
  private readonly options: ClusterOptions;
  private readonly size: number;
  private clients = 0;

  constructor(options: ClusterOptions = {}) {
    this.options = options;
    this.size = options.members ?? 3;
    this.world = new World({
      seed: (options.seed ?? 1) + seedShift,
      ...(options.print && { print: options.print }),
    });
    this.world.server.settings = PLAIN_NETWORK;
    this.truth = new Truth(this.world.violations);
    const count = this.size + (options.spare ?? 0);
    for (let id = 1; id <= count; id++) this.members.push(this.makeMember(id as MemberId));
  }

  start(): this {
    for (const { process, bootstrap } of this.members) if (bootstrap) process.start();
    return this;
  }

  /** Started, led, and open to requests at every member that runs. */
  ready(): this {
    this.start();
    this.until('the cluster is ready', () => this.running().every(({ isOffered }) => isOffered));
    return this;
  }

  running() {
    return this.members
      .filter(({ process }) => process.isRunning && process.actor?.status() !== undefined)
      .map(({ process }) => process.actor!.describe());
  }

  leader(): Member | undefined {
    return this.members.find(
      ({ process }) => process.isRunning && process.actor?.status()?.role === 'leading',
    );
  }

  follower(): Member {
    const leader = this.leader();
    return this.members.find((member) => member !== leader && member.process.isRunning)!;
  }

  member(id: number): Member {
    return this.members.find((member) => member.id === id)!;
  }

  /** Fails when it does not come true within `ms` of virtual time. */
  until(what: string, isTrue: () => boolean, ms = 30_000): void {
    const end = this.world.nowMs + ms;
    while (!isTrue()) {
      this.check();
      if (this.world.nowMs >= end) {
        throw new Error(`${what}: not within ${ms} ms; ${JSON.stringify(this.running())}`);
      }
      this.world.runForMs(5);
    }
    this.check();
  }

  run(ms: number): void {
    this.world.runForMs(ms);
    this.check();
  }

  /** All that run have applied the same. */
  agree(): void {
    this.until('all members agree', () => {
      const slots = new Set(this.running().map(({ slot }) => slot));
      return slots.size === 1;
    });
  }

  client(): Client {
    this.clients += 1;
    return new Client(this, `client${this.clients}`);
  }

  private check(): void {
    const [violation] = this.world.violations.found;
    if (violation !== undefined) throw new Error(`${violation.checker}: ${violation.text}`);
  }

  private makeMember(id: MemberId): Member {
    const { world, options } = this;
    const name = `coord${id}`;
    const disk = new SimulatedDisk(world.scheduler, world.random.fork(`disk ${name}`));
    const members = Array.from({ length: this.size }, (_, index) => (index + 1) as MemberId);
    const member: Member = {
      id,
      disk,
      bootstrap: id <= this.size,
      process: new SimulatedProcess<CoordActor>({
        world,
        name,
        inboxPrefix: inboxPrefixes.coord,
        disk,
        bulk: true,
        mayFail: isDiskFailure,
        create: (ports) =>
          new CoordActor(ports as CoordPorts, {
            cluster: CLUSTER,
            member: id,
            systemDigest: SYSTEM_DIGEST,
            ...(member.bootstrap && { bootstrap: { clusterId: 'test', members } }),
            ...(options.bounds && { bounds: options.bounds }),
            ...(options.timing && { timing: options.timing }),
            ...(options.planted && { planted: options.planted }),
            observe: { applied: (slot) => this.truth.applied(name, slot) },
          }),
      }),
    };
    return member;
  }
}

export function filesOf({ disk }: Member): string[] {
  const storage = disk.attach(new Life('reader'));
  return storage.list().map(({ name }) => name);
}

export type Body = Record<string, unknown>;

export interface Pending {
  readonly reply: Body | undefined;
}

/** A client that knows nothing but subjects and payloads. */
export class Client {
  readonly inbox: string;
  readonly events: Body[] = [];
  /** Replies and events in the order of their arrival. */
  readonly received: Body[] = [];
  onPayload: ((payload: Uint8Array) => void) | undefined;
  private readonly cluster: Cluster;
  private readonly connection: SimulatedConnection;
  private readonly replies = new Map<string, (body: Body) => void>();
  private count = 0;

  constructor(cluster: Cluster, name: string) {
    this.cluster = cluster;
    this.connection = new SimulatedConnection(cluster.world.server, new Life(name), {
      node: name,
      inbox: `_INBOX.${name}`,
    });
    this.inbox = this.connection.inbox;
    this.connection.subscribe(`${this.inbox}.>`, (delivery) => this.receive(delivery));
    cluster.run(20);
  }

  get eventsTo(): string {
    return `${this.inbox}.events`;
  }

  /** Sends; `reply` is there when it has come. */
  send(subject: string, body: Body | Uint8Array, form: Form = 'json'): Pending {
    this.count += 1;
    const reply = `${this.inbox}.r${this.count}`;
    const pending: { reply: Body | undefined } = { reply: undefined };
    this.replies.set(reply, (value) => {
      pending.reply = value;
    });
    const payload = body instanceof Uint8Array ? body : encode(body, form);
    this.connection.publish(subject, payload, { reply });
    return pending;
  }

  ask(subject: string, body: Body | Uint8Array, form: Form = 'json'): Body {
    const pending = this.send(subject, body, form);
    this.cluster.until(`an answer on ${subject}`, () => pending.reply !== undefined);
    return pending.reply!;
  }

  /** Asks again while there is no answer, or one of a passing trouble. */
  insist(subject: string, body: Body): Body {
    for (let tries = 0; ; tries++) {
      const pending = this.send(subject, body);
      const endMs = this.cluster.world.nowMs + 3000;
      while (pending.reply === undefined && this.cluster.world.nowMs < endMs) this.cluster.run(5);
      const code = errorCode(pending.reply);
      const passing = code === 'UNAVAILABLE' || code === 'TIMEOUT' || code === 'NO_RESPONDERS';
      if (pending.reply !== undefined && !passing) return pending.reply;
      if (tries > 20) throw new Error(`no answer on ${subject}: ${JSON.stringify(pending.reply)}`);
      this.cluster.run(100);
    }
  }

  listen(subject: string, handler: (payload: Uint8Array) => void): void {
    this.connection.subscribe(subject, ({ payload }) => handler(payload));
  }

  publish(subject: string, body: Body, reply?: string): void {
    this.connection.publish(subject, encode(body, 'json'), reply === undefined ? {} : { reply });
  }

  private receive({ subject, payload, status }: Delivery): void {
    this.onPayload?.(payload);
    const body: Body =
      status === undefined
        ? decode(payload).value
        : { error: { code: 'NO_RESPONDERS', message: '', definite: true } };
    this.received.push(body);
    const waiting = this.replies.get(subject);
    if (waiting === undefined) this.events.push(body);
    else waiting(body);
  }
}

export function errorCode(body: Body | undefined): string | undefined {
  return (body?.error as { code: string } | undefined)?.code;
}

export function errorMessage(body: Body | undefined): string | undefined {
  return (body?.error as { message: string } | undefined)?.message;
}

/** A session with its own member: `open` is shared out, so it is asked for until this member answers. */
export function sessionAt(client: Client, member: Member, body: Body = {}): Body {
  for (let tries = 0; tries < 50; tries++) {
    const opened = client.insist(subjects.session('open'), { timeoutMs: 4000, ...body });
    if (opened.member === member.id) return opened;
  }
  throw new Error(`no session at member ${member.id}`);
}
