/**
 * TCP between simulated processes: bytes arrive in their order or not at all, cut into segments anywhere, late at
 * times. A partition holds them back; a connection that is held back too long, or whose process dies, is over for both
 * ends, each of which hears of it in its own time.
 */
import type { Tcp, TcpConnection, TcpHandlers } from '../../actors/actor.ts';
import type { Death, Life } from '../life.ts';
import type { SeededRandom } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Trace } from '../trace.ts';
import type { SimulatedServer } from './server.ts';
import { networkBounds } from './settings.ts';

export interface TcpWorld {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  /** Whose latencies and partitions hold for TCP as well. */
  readonly server: SimulatedServer;
  readonly trace: Trace;
}

type Accept = (connection: TcpConnection) => TcpHandlers;
/** `end`: the other side has nothing more to say; `reset`: it is gone. Both end the connection. */
type Segment = Uint8Array | 'end' | 'reset';

const RETRANSMIT_MS = 200;
/** Segments of one connection follow each other closely. */
const FOLLOWING_US = [1, 60] as const;
const PIECES_MAX = 4;

export class SimulatedTcp {
  readonly world: TcpWorld;
  private readonly listeners = new Map<string, { readonly life: Life; readonly accept: Accept }>();
  private readonly ends = new Set<TcpEnd>();
  private ports = 40_000;

  constructor(world: TcpWorld) {
    this.world = world;
  }

  /** The port of one run of a process. Its address is its name, whatever host it asks for. */
  attach(node: string, life: Life): Tcp {
    return {
      listen: (_address, accept, failed) => {
        if (this.listeners.get(node)?.life.isAlive === true) {
          failed('address in use');
          return { close: () => undefined };
        }
        const listener = { life, accept };
        this.listeners.set(node, listener);
        return {
          close: () => {
            if (this.listeners.get(node) === listener) this.listeners.delete(node);
          },
        };
      },
    };
  }

  /** Bytes may be written at once. A connection that does not come about is closed. */
  dial(node: string, life: Life, target: string, handlers: TcpHandlers): TcpConnection {
    const near = this.makeEnd(node, life, handlers);
    this.world.scheduler.after(this.latencyUs(), () => this.reach(near, target));
    return near;
  }

  /** All connections of a process: reset at once, or swallowing everything until each end notices. */
  breakOff(node: string, how: 'clean' | 'silent'): void {
    for (const end of [...this.ends]) {
      if (end.node !== node) continue;
      for (const one of [end, end.peer]) one?.breakOff(how);
    }
  }

  latencyUs(): number {
    const { latencyUs, spikeChance, spikeUs } = this.world.server.settings;
    const { random } = this.world;
    const base = random.between(latencyUs[0], latencyUs[1]);
    return random.chance(spikeChance) ? base + random.between(spikeUs[0], spikeUs[1]) : base;
  }

  forget(end: TcpEnd): void {
    this.ends.delete(end);
  }

  private makeEnd(node: string, life: Life, handlers?: TcpHandlers): TcpEnd {
    const end = new TcpEnd(this, node, life, this.ports++, handlers);
    this.ends.add(end);
    return end;
  }

  private reach(near: TcpEnd, target: string): void {
    if (near.isOver) return;
    const { server } = this.world;
    const listener = this.listeners.get(target);
    const isCutOff = server.isBlocked(near.node, target) || server.isBlocked(target, near.node);
    if (isCutOff || listener?.life.isAlive !== true) {
      near.over();
      return;
    }
    this.world.trace.record(near.node, 'connected', target);
    const far = this.makeEnd(target, listener.life);
    near.join(far);
    listener.life.input(() => far.accepted(listener.accept(far)));
    near.pump();
  }
}

class TcpEnd implements TcpConnection {
  readonly node: string;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort: number;
  readonly isSecure = false;
  readonly subject = undefined;
  peer: TcpEnd | undefined;
  isOver = false;
  private readonly tcp: SimulatedTcp;
  private readonly life: Life;
  private handlers: TcpHandlers | undefined;
  private queue: Segment[] = [];
  private isPumping = false;
  private isSilenced = false;
  private isHeld = false;
  private hasEnded = false;
  private heldBackMs = 0;

  constructor(
    tcp: SimulatedTcp,
    node: string,
    life: Life,
    remotePort: number,
    handlers: TcpHandlers | undefined,
  ) {
    this.tcp = tcp;
    this.node = node;
    this.life = life;
    this.remotePort = remotePort;
    this.handlers = handlers;
    life.whenDead((death) => this.died(death));
  }

  get waitingBytes(): number {
    return this.queue.reduce((sum, segment) => sum + sizeOf(segment), 0);
  }

  join(peer: TcpEnd): void {
    this.peer = peer;
    peer.peer = this;
  }

  accepted(handlers: TcpHandlers): void {
    this.handlers = handlers;
  }

  write(bytes: Uint8Array): void {
    if (!this.life.mayCall() || this.isOver || this.hasEnded) return;
    this.queue.push(...this.cut(bytes));
    this.pump();
  }

  pause(): void {
    this.isHeld = true;
  }

  resume(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.peer?.pump();
  }

  end(): void {
    if (!this.life.mayCall() || this.isOver || this.hasEnded) return;
    this.hasEnded = true;
    this.queue.push('end');
    this.pump();
  }

  destroy(): void {
    if (!this.life.mayCall() || this.isOver) return;
    this.leave([]);
  }

  breakOff(how: 'clean' | 'silent'): void {
    if (how === 'clean') {
      this.over();
      return;
    }
    this.isSilenced = true;
    const { scheduler, random } = this.tcp.world;
    scheduler.after(random.between(500, networkBounds.staleMs) * 1000, () => this.over());
  }

  /** Told to its process, once. */
  over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.queue = [];
    this.tcp.forget(this);
    this.tcp.world.trace.record(this.node, 'connection over', this.peer?.node);
    this.life.input(() => this.handlers?.closed());
  }

  /** The next segment is on its way, unless one is already. */
  pump(): void {
    if (this.isPumping || this.queue.length === 0 || this.peer === undefined) return;
    this.isPumping = true;
    this.tcp.world.scheduler.after(this.tcp.latencyUs(), () => this.carry());
  }

  private carry(): void {
    this.isPumping = false;
    const { peer } = this;
    const { scheduler, random, server, trace } = this.tcp.world;
    const segment = this.queue[0];
    if (segment === undefined || peer === undefined || this.isSilenced) return;
    if (server.isBlocked(this.node, peer.node)) {
      this.heldBackMs += RETRANSMIT_MS;
      if (this.heldBackMs > networkBounds.staleMs) this.giveUp(peer);
      else this.carryAfter(RETRANSMIT_MS * 1000);
      return;
    }
    this.heldBackMs = 0;
    // Whoever reads on asks for more; an end that was reset learns of it all the same.
    if (peer.isHeld && typeof segment !== 'string') return;
    this.queue.shift();
    const bytes = typeof segment === 'string' ? undefined : segment;
    trace.record(this.node, 'bytes', peer.node, bytes);
    peer.arrive(segment);
    if (this.queue.length > 0) this.carryAfter(random.between(...FOLLOWING_US));
    else if (!this.isOver) this.life.input(() => this.isOver || this.handlers?.drained());
    if (segment === 'end' && !this.isOver) scheduler.after(this.tcp.latencyUs(), () => this.over());
  }

  private carryAfter(delayUs: number): void {
    this.isPumping = true;
    this.tcp.world.scheduler.after(delayUs, () => this.carry());
  }

  private arrive(segment: Segment): void {
    if (this.isOver) return;
    if (typeof segment === 'string') this.over();
    else this.life.input(() => this.isOver || this.handlers?.data(Buffer.from(segment)));
  }

  private giveUp(peer: TcpEnd): void {
    this.over();
    peer.over();
  }

  /** The system sends a part of what the process had written, and then says that it is gone: if it still runs. */
  private died(death: Death): void {
    if (this.isOver) return;
    const { random, scheduler, server } = this.tcp.world;
    const silentChance = 1 - server.settings.deathNoticeChance[death];
    const sent = this.queue.slice(0, random.below(this.queue.length + 1));
    if (!random.chance(silentChance)) this.leave(sent);
    else {
      const { peer } = this;
      this.isOver = true;
      this.queue = [];
      this.tcp.forget(this);
      scheduler.after(random.between(500, networkBounds.staleMs) * 1000, () => peer?.over());
    }
  }

  private leave(sent: readonly Segment[]): void {
    this.over();
    this.queue = [...sent, 'reset'];
    this.pump();
  }

  private cut(bytes: Uint8Array): Uint8Array[] {
    const { random } = this.tcp.world;
    const pieces: Uint8Array[] = [];
    let rest = bytes;
    while (rest.length > 1 && pieces.length < PIECES_MAX - 1 && random.chance(0.4)) {
      const at = random.whole(1, rest.length - 1);
      pieces.push(rest.subarray(0, at));
      rest = rest.subarray(at);
    }
    return rest.length === 0 ? pieces : [...pieces, rest];
  }
}

function sizeOf(segment: Segment): number {
  return typeof segment === 'string' ? 0 : segment.length;
}
