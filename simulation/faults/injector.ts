/**
 * Lets things go wrong at random moments, each kind at its own mean interval, and puts them right again; `heal` puts
 * everything right at once. It never takes more than a minority of the disks: what the system promises ends there.
 */
import { MesozooError } from '../../protocol/errors.ts';
import type { Truth } from '../checkers/truth.ts';
import { GOOD_DISK } from '../disk.ts';
import { GOOD_NETWORK, type NetworkSettings } from '../network/settings.ts';
import { type CoordNode, coordStatus, isHurt } from '../nodes/coord.ts';
import type { ClusterNode } from '../nodes/node.ts';
import type { SeededRandom } from '../random.ts';
import type { World } from '../world.ts';
import { type FaultKind, faultKinds, type Profile } from './profiles.ts';

export interface InjectorOptions {
  readonly world: World;
  readonly truth: Truth;
  readonly profile: Profile;
  /** Those that vote. */
  readonly coords: readonly CoordNode[];
  readonly observers: readonly CoordNode[];
  /** All of them, coords too. */
  readonly nodes: readonly ClusterNode[];
}

export class FaultInjector {
  private readonly options: InjectorOptions;
  private readonly random: SeededRandom;
  private readonly network: NetworkSettings;
  private readonly actions: Readonly<Record<FaultKind, () => void>>;
  private active = true;
  readonly counts = new Map<FaultKind, number>();

  constructor(options: InjectorOptions) {
    this.options = options;
    this.random = options.world.random.fork('faults');
    this.network = options.profile.network(this.random.fork('network'));
    this.actions = {
      crashProcess: () => this.crash(this.pickServer(), 'process'),
      stopCoord: () => this.stop(this.pick(this.options.coords)),
      crashMachine: () => this.crash(this.pickServer(), 'machine'),
      crashInTurn: () => this.crashInTurn(this.pickServer()),
      crashAllCoords: () => this.crashAllCoords(),
      crashClient: () => this.crash(this.pick(this.clients()), 'process'),
      crashMaster: () => this.crash(this.pick(this.masters()), 'process'),
      pause: () => this.pause(this.pick(this.options.nodes)),
      partition: () => this.partition(),
      isolateLeader: () => this.isolateLeader(),
      slowLeader: () => this.slowLeader(),
      cutConnection: () =>
        this.pick(this.options.nodes)?.process.breakConnections(
          this.random.chance(0.5) ? 'clean' : 'silent',
        ),
      restartNats: () => this.restartNats(),
      slowDisk: () => this.slowDisk(),
      failDisk: () => this.failDisk(),
      wipeDisk: () => this.wipeDisk(),
      rotDisk: () => this.rotDisk(),
      storm: () => this.storm(),
    };
  }

  start(): void {
    const { world, profile } = this.options;
    world.server.settings = this.network;
    for (const kind of faultKinds) {
      const meanMs = profile.everyMs[kind];
      const random = this.random.fork(`when ${kind}`);
      if (meanMs === undefined || !random.chance(profile.kindChance)) continue;
      const next = () =>
        world.scheduler.after(-Math.log(1 - random.next()) * meanMs * 1000, () => {
          if (!this.active) return;
          this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
          world.trace.record('faults', kind);
          this.actions[kind]();
          next();
        });
      next();
    }
    this.supervise();
  }

  /** Nothing is wrong any more, and nothing will be. */
  heal(): void {
    this.active = false;
    const { world, nodes } = this.options;
    world.trace.record('faults', 'heal');
    world.server.settings = GOOD_NETWORK;
    world.server.healPartitions();
    world.server.start();
    for (const node of nodes) {
      if (node.disk !== undefined) {
        node.disk.settings = GOOD_DISK;
        node.disk.failNext = undefined;
      }
      node.process.forgetCrash();
      node.process.resume();
      node.process.start();
    }
  }

  // ── Who ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private clients(): readonly ClusterNode[] {
    return this.options.nodes.filter((node) => node.kind === 'client');
  }

  private masters(): readonly ClusterNode[] {
    return this.options.nodes.filter((node) => node.kind === 'master');
  }

  private pick<Node extends ClusterNode>(nodes: readonly Node[]): Node | undefined {
    const running = nodes.filter((node) => node.process.isRunning);
    return running.length === 0 ? undefined : this.random.pick(running);
  }

  private pickServer(): ClusterNode | undefined {
    return this.pick(this.options.nodes.filter((node) => node.kind !== 'client'));
  }

  /** One whose disk may be lost as well. */
  private pickExpendableCoord(): CoordNode | undefined {
    const { coords } = this.options;
    const hurt = coords.filter((node) => isHurt(node)).length;
    const minority = Math.floor((coords.length - 1) / 2);
    if (hurt >= minority) return undefined;
    return this.pick(coords.filter((node) => !isHurt(node)));
  }

  // ── What ────────────────────────────────────────────────────────────────────────────────────────────────────

  private crash(node: ClusterNode | undefined, what: 'process' | 'machine'): void {
    if (node === undefined) return;
    node.process.crash(what);
    this.restartLater(node);
  }

  /** In good order, as an operator does it. */
  private stop(node: CoordNode | undefined): void {
    if (node === undefined) return;
    this.options.world.trace.record(node.name, 'stop');
    node.process.stop(() => {
      if (this.active) this.restartLater(node);
      else node.process.start();
    });
  }

  private crashInTurn(node: ClusterNode | undefined): void {
    node?.process.crashAfterCalls(
      this.random.chance(0.5) ? 'process' : 'machine',
      this.random.whole(1, 30),
      () => this.restartLater(node),
    );
  }

  private crashAllCoords(): void {
    for (const node of this.options.coords) this.crash(node, 'machine');
  }

  private pause(node: ClusterNode | undefined): void {
    if (node === undefined) return;
    node.process.pause();
    this.later(this.random.pick([50, 500, 3000, 8000]), () => node.process.resume());
  }

  private partition(): void {
    const { nodes, world } = this.options;
    const one = nodes.filter(() => this.random.chance(0.4));
    const other = nodes.filter((node) => !one.includes(node));
    const direction = this.random.pick(['both', 'both', 'out', 'in'] as const);
    world.trace.record(
      'faults',
      'partition',
      `${direction} ${one.map(({ name }) => name).join(' ')}`,
    );
    this.cutOff(one, other, direction);
  }

  private leader(): CoordNode | undefined {
    return this.options.coords.find(
      (node) => node.process.isRunning && coordStatus(node)?.role === 'leading',
    );
  }

  private isolateLeader(): void {
    const leader = this.leader();
    if (leader === undefined) return;
    const { nodes } = this.options;
    const others = nodes.filter(
      (node) => node !== leader && (node.kind === 'coord' || this.random.chance(0.5)),
    );
    this.cutOff([leader], others, this.random.pick(['both', 'out', 'in'] as const));
  }

  /** It goes on being slow when it leads no more. */
  private slowLeader(): void {
    const leader = this.leader();
    if (leader === undefined) return;
    const { world } = this.options;
    const forMs = this.random.between(3000, 12_000);
    if (this.random.chance(0.5)) {
      world.server.delay(leader.name, this.random.between(10_000, 150_000));
      this.later(forMs, () => world.server.delay(leader.name, 0));
    } else {
      const runMs = this.random.between(1, 10);
      this.standStill(leader, runMs, this.random.between(50, 500), world.nowMs + forMs);
    }
  }

  private standStill(node: ClusterNode, runMs: number, stillMs: number, untilMs: number): void {
    if (this.options.world.nowMs >= untilMs) return;
    node.process.pause();
    this.later(stillMs, () => {
      node.process.resume();
      this.later(runMs, () => this.standStill(node, runMs, stillMs, untilMs));
    });
  }

  private cutOff(
    one: readonly ClusterNode[],
    other: readonly ClusterNode[],
    direction: 'both' | 'out' | 'in',
  ): void {
    const { server } = this.options.world;
    const pairs = one.flatMap((a) =>
      other.flatMap((b) => [
        ...(direction !== 'in' ? ([[a.name, b.name]] as const) : []),
        ...(direction !== 'out' ? ([[b.name, a.name]] as const) : []),
      ]),
    );
    for (const [from, to] of pairs) server.block(from, to);
    this.later(this.random.between(200, 5000), () => {
      for (const [from, to] of pairs) server.unblock(from, to);
    });
  }

  private restartNats(): void {
    const { server } = this.options.world;
    server.stop();
    this.later(this.random.between(50, 3000), () => server.start());
  }

  private slowDisk(): void {
    const node = this.pick(this.options.nodes.filter(({ disk }) => disk !== undefined));
    const disk = node?.disk;
    if (disk === undefined) return;
    const worstUs = this.random.pick([20_000, 100_000, 1_000_000]);
    disk.settings = { syncUs: [1000, worstUs], spikeChance: 0.05, spikeUs: [worstUs, 3 * worstUs] };
    this.later(this.random.between(500, 4000), () => {
      disk.settings = GOOD_DISK;
    });
  }

  private failDisk(): void {
    const node = this.pick(this.options.nodes.filter(({ disk }) => disk !== undefined));
    if (node?.disk === undefined) return;
    node.disk.failNext = this.random.chance(0.5) ? 'DISK_FULL' : 'DISK_FAILED';
  }

  /** What an observer has, nobody needs. */
  private wipeDisk(): void {
    const { observers } = this.options;
    const isObserver = observers.length > 0 && this.random.chance(0.5);
    const node = isObserver ? this.pick(observers) : this.pickExpendableCoord();
    if (node === undefined) return;
    node.hurtUntilSlot = this.options.truth.lastSlot;
    node.process.crash('machine');
    node.disk.wipe();
    node.wiped = true;
    this.options.world.trace.record(node.name, 'wiped');
    this.restartLater(node);
  }

  private rotDisk(): void {
    const node = this.pickExpendableCoord();
    if (node === undefined) return;
    node.hurtUntilSlot = this.options.truth.lastSlot;
    node.process.crash('machine');
    const where = node.disk.rot();
    this.options.world.trace.record(node.name, 'rot', JSON.stringify(where));
    this.restartLater(node);
  }

  private storm(): void {
    const { server } = this.options.world;
    server.settings = {
      ...this.network,
      lossChance: this.random.between(0.05, 0.5),
      repeatChance: this.random.between(0, 0.2),
      disorderChance: this.random.between(0, 0.5),
      disorderUs: [0, this.random.between(1000, 300_000)],
      spikeChance: 0.05,
      spikeUs: [1000, 300_000],
    };
    this.later(this.random.between(200, 2000), () => {
      server.settings = this.network;
    });
  }

  // ── And right again ─────────────────────────────────────────────────────────────────────────────────────────

  private later(ms: number, run: () => void): void {
    this.options.world.scheduler.after(ms * 1000, () => {
      if (this.active) run();
    });
  }

  private restartLater(node: ClusterNode): void {
    this.later(this.random.pick([20, 200, 1000, 4000]) * (0.5 + this.random.next()), () =>
      node.process.start(),
    );
  }

  /** Starts again what has ended by itself (a disk that failed it, for example), in quiet times as well. */
  private supervise(): void {
    this.options.world.scheduler.after(500_000, () => {
      for (const node of this.options.nodes) {
        if (node.process.isAlive || node.process.failure === undefined) continue;
        this.remedy(node);
        node.process.start();
      }
      this.supervise();
    });
  }
  /** What the message of a member that cannot tell whose data it has asks the operator to do. */
  private remedy({ process, disk, name }: ClusterNode): void {
    const { failure } = process;
    if (!(failure instanceof MesozooError) || failure.code !== 'LOG_DAMAGED') return;
    const { coords, observers } = this.options;
    const coord = [...coords, ...observers].find((node) => node.name === name);
    if (coord === undefined || disk === undefined) return;
    this.options.world.trace.record(name, 'emptied by the operator');
    disk.wipe();
    coord.wiped = true;
  }
}
