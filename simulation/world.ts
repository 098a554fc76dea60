/** What all parts of one simulated run share: time, chance, the network, the trace, and where violations are told. */
import type { Message } from './network/server.ts';
import { SimulatedServer } from './network/server.ts';
import { SimulatedTcp } from './network/tcp.ts';
import { SeededRandom } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { Trace } from './trace.ts';
import { Violations } from './violations.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Gets the trace line by line. */
  readonly print?: (line: string) => void;
  readonly isLoose?: (subject: string) => boolean;
  readonly describe?: (message: Message) => string;
}

export class World {
  readonly seed: number;
  readonly scheduler = new Scheduler();
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly server: SimulatedServer;
  readonly tcp: SimulatedTcp;
  readonly violations: Violations;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.random = new SeededRandom(options.seed);
    this.trace = new Trace(() => this.scheduler.nowMs, options.print);
    this.violations = new Violations(this.trace, () => this.scheduler.nowMs);
    this.server = new SimulatedServer({
      scheduler: this.scheduler,
      random: this.random.fork('network'),
      trace: this.trace,
      ...(options.isLoose !== undefined && { isLoose: options.isLoose }),
      ...(options.describe !== undefined && { describe: options.describe }),
    });
    this.tcp = new SimulatedTcp({
      scheduler: this.scheduler,
      random: this.random.fork('tcp'),
      server: this.server,
      trace: this.trace,
    });
  }

  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  runForMs(ms: number, enough?: () => boolean): void {
    this.scheduler.runUntil(this.scheduler.nowUs + ms * 1000, enough);
  }
}
