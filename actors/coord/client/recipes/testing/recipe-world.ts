/** For tests of the recipes: programs with sessions, each a process of its own, over real members in virtual time. */
import { SimulatedProcess } from '../../../../../simulation/process.ts';
import type { Actor } from '../../../../actor.ts';
import type { HostedPorts } from '../../../../host.ts';
import { CLUSTER, Cluster } from '../../../testing/cluster.ts';
import type { CoordClientOptions } from '../../contract.ts';
import { SessionClient } from '../../session-client.ts';
import type { Claim } from '../lock.ts';
import type { RecipeParts } from '../parts.ts';

export class Program implements Actor, RecipeParts {
  readonly client: SessionClient;
  readonly clock: HostedPorts['clock'];
  readonly random: HostedPorts['random'];
  readonly log: HostedPorts['log'];
  readonly ports: HostedPorts;

  constructor(ports: HostedPorts, options: Partial<CoordClientOptions>) {
    const common = { cluster: CLUSTER, timeoutMs: 4_000, reopen: true };
    this.client = new SessionClient(ports, { ...common, ...options });
    this.ports = ports;
    this.clock = ports.clock;
    this.random = ports.random;
    this.log = ports.log;
  }

  start(): void {
    this.client.open();
  }

  endTurn(): void {
    // Nothing is gathered.
  }

  stop(done: () => void): void {
    this.client.close(done);
  }
}

export function recipeWorld(seed = 1) {
  const cluster = new Cluster({ seed }).ready();
  const open = (name: string, options: Partial<CoordClientOptions> = {}) => {
    const process = new SimulatedProcess<Program>({
      world: cluster.world,
      name,
      inboxPrefix: '_INBOX',
      create: (ports) => new Program(ports, options),
    });
    process.start();
    cluster.until(`${name} is connected`, () => process.actor?.client.state === 'connected');
    const program = process.actor!;
    return Object.assign(program, {
      process,
      holder: () => cluster.member(program.client.member!),
    });
  };
  /** Names under a path, in order; asked by a client of its own. */
  const asker = cluster.client();
  const children = (path: string): string[] =>
    (asker.insist('mz.znode.children', { path }).children as string[] | undefined) ?? [];
  const write = (name: 'create' | 'set' | 'delete', body: Record<string, unknown>) =>
    asker.insist(`mz.znode.${name}`, body);
  const read = (path: string) => asker.insist('mz.znode.get', { path });
  return { cluster, open, children, write, read };
}

/** Notes who holds, and that nobody is let in who may not be. */
export class Watchman {
  /** `name held`, `name lost CODE`. */
  readonly log: string[] = [];
  readonly inside = new Set<string>();
  readonly tokens: number[] = [];
  private readonly mayEnter: (name: string, inside: ReadonlySet<string>) => boolean;

  constructor(mayEnter: (name: string, inside: ReadonlySet<string>) => boolean) {
    this.mayEnter = mayEnter;
  }

  enter(parts: RecipeParts, name: string, claim: Claim) {
    const contender = claim(parts, {
      held: ({ token }) => {
        if (!this.mayEnter(name, this.inside))
          throw new Error(`${name} was let in beside ${[...this.inside].join()}`);
        this.inside.add(name);
        this.tokens.push(token);
        this.log.push(`${name} held`);
      },
      lost: (error) => {
        this.inside.delete(name);
        this.log.push(`${name} lost ${error.code}`);
      },
    });
    return {
      contender,
      leave: (done?: () => void) => {
        this.inside.delete(name);
        contender.leave(done);
      },
    };
  }
}
