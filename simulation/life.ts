/**
 * One run of a simulated operating-system process, from its start to its crash or end. Whatever the world has for it
 * (messages, timers, finished saves) comes through `input`: kept while the process is paused, dropped once it is dead.
 * A process dies between two inputs or in the midst of one: `dieAfterCalls` counts its calls to the world.
 */
export class Life {
  readonly name: string;
  private state: 'running' | 'paused' | 'dead' = 'running';
  private readonly waiting: (() => void)[] = [];
  private callsLeft: number | undefined;
  private readonly onDeath: ((death: Death) => void)[] = [];
  private dying: (() => void) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get isAlive(): boolean {
    return this.state !== 'dead';
  }

  get isPaused(): boolean {
    return this.state === 'paused';
  }

  /** Inputs that wait for the end of a pause. */
  get backlog(): number {
    return this.waiting.length;
  }

  input(run: () => void): void {
    if (this.state === 'running') run();
    else if (this.state === 'paused') this.waiting.push(run);
  }

  /** Each call of a port that changes the world asks first; false: the process is dead and nothing happens. */
  mayCall(): boolean {
    if (this.callsLeft !== undefined && this.state === 'running') {
      this.callsLeft--;
      if (this.callsLeft <= 0) {
        this.callsLeft = undefined;
        this.dying?.();
      }
    }
    return this.state !== 'dead';
  }

  /** `die` is called in the midst of the call number `calls` from now; it must end this life. */
  dieAfterCalls(calls: number, die: () => void): void {
    this.callsLeft = calls;
    this.dying = die;
  }

  liveOn(): void {
    this.callsLeft = undefined;
    this.dying = undefined;
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused';
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    while (this.waiting.length > 0 && this.isAlive && !this.isPaused) this.waiting.shift()!();
  }

  end(death: Death = 'process'): void {
    if (this.state === 'dead') return;
    this.state = 'dead';
    this.waiting.length = 0;
    for (const handler of this.onDeath) handler(death);
  }

  whenDead(handler: (death: Death) => void): void {
    this.onDeath.push(handler);
  }
}

/** `process`: its machine lives, and closes its connections. `machine`: nobody says anything any more. */
export type Death = 'process' | 'machine';
