/**
 * Runs one actor: a mailbox through which every input passes, and one `endTurn` after each batch.
 *
 * `hosted` wraps the ports so that whatever reaches the actor does so through the mailbox: never inside another
 * handler, never after a stop, and with every exception turned into a crash that names the actor. What the ports
 * are made of is not its business; `defer` runs a function soon, after the inputs that are already there
 * (`setImmediate` in the real world, an event of the virtual clock in simulation).
 */
import type {
  Actor,
  Clock,
  Delivery,
  Http,
  Ports,
  Processes,
  Random,
  Storage,
  Subscription,
  Tcp,
  TcpHandlers,
  Timer,
  Transport,
} from './actor.ts';

export interface HostOptions {
  readonly name: string;
  readonly defer: (run: () => void) => void;
  /** Called once with the exception that stopped the actor; nothing reaches it afterwards. */
  readonly crash: (error: unknown) => void;
}

export interface HostedPorts extends Ports {
  readonly storage?: Storage;
  readonly processes?: Processes;
  readonly tcp?: Tcp;
  readonly http?: Http;
  /** A second connection, for bulk, so that heartbeats never queue behind it. */
  readonly bulk?: Transport;
}

export class Host<P extends HostedPorts> {
  readonly ports: P;
  private readonly options: HostOptions;
  private actor: Actor | undefined;
  private readonly mailbox: (() => void)[] = [];
  private running = false;
  private turnWaits = false;
  private ended = false;

  constructor(ports: P, options: HostOptions) {
    this.options = options;
    this.ports = this.wrap(ports);
  }

  start(create: (ports: P) => Actor): void {
    this.input(() => {
      this.actor = create(this.ports);
      this.actor.start();
    });
  }

  /** Ends in good order; `done` is called once. */
  stop(done: () => void): void {
    this.input(() => {
      if (this.actor === undefined) {
        this.ended = true;
        done();
        return;
      }
      this.actor.stop(() => {
        this.ended = true;
        done();
      });
    });
  }

  /** Ends at once, as a crash would: no input reaches the actor any more. */
  abandon(): void {
    this.ended = true;
    this.mailbox.length = 0;
  }

  private input(handler: () => void): void {
    if (this.ended) return;
    this.mailbox.push(handler);
    if (!this.running) this.drain();
  }

  private drain(): void {
    this.running = true;
    try {
      for (
        let next = this.mailbox.shift();
        next !== undefined && !this.ended;
        next = this.mailbox.shift()
      )
        next();
    } catch (error) {
      this.fail(error);
    } finally {
      this.running = false;
    }
    if (!this.turnWaits && !this.ended) {
      this.turnWaits = true;
      this.options.defer(() => this.turn());
    }
  }

  private turn(): void {
    this.turnWaits = false;
    if (this.ended || this.actor === undefined) return;
    this.running = true;
    try {
      this.actor.endTurn();
    } catch (error) {
      this.fail(error);
    } finally {
      this.running = false;
    }
    if (this.mailbox.length > 0) this.drain();
  }

  private fail(error: unknown): void {
    this.abandon();
    this.options.crash(error);
  }

  private wrap(ports: P): P {
    return {
      ...ports,
      clock: this.wrapClock(ports.clock),
      random: ports.random satisfies Random,
      transport: this.wrapTransport(ports.transport),
      ...(ports.bulk && { bulk: this.wrapTransport(ports.bulk) }),
      ...(ports.storage && { storage: this.wrapStorage(ports.storage) }),
      ...(ports.tcp && { tcp: this.wrapTcp(ports.tcp) }),
      ...(ports.http && { http: this.wrapHttp(ports.http) }),
      ...(ports.processes && { processes: this.wrapProcesses(ports.processes) }),
    };
  }

  private wrapClock(clock: Clock): Clock {
    return {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      after: (delayMs, handler): Timer => {
        let cancelled = false;
        const timer = clock.after(delayMs, () => this.input(() => cancelled || handler()));
        return {
          cancel: () => {
            cancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  private wrapTransport(transport: Transport): Transport {
    const deliver = (handler: (delivery: Delivery) => void) => {
      const state = { open: true };
      const through = (delivery: Delivery) => this.input(() => state.open && handler(delivery));
      return { state, through };
    };
    const end = (state: { open: boolean }, subscription: Subscription): Subscription => ({
      unsubscribe: () => {
        state.open = false;
        subscription.unsubscribe();
      },
      // What is in the mailbox by then stands before it.
      drain: (drained) => subscription.drain(() => this.input(() => state.open && drained())),
    });
    return {
      inbox: transport.inbox,
      maxPayloadBytes: transport.maxPayloadBytes,
      publish: (subject, payload, options) => transport.publish(subject, payload, options),
      isConnected: () => transport.isConnected(),
      onConnection: (handler) =>
        transport.onConnection((connected) => this.input(() => handler(connected))),
      subscribe: (subject, handler, options) => {
        const { state, through } = deliver(handler);
        const subscription = transport.subscribe(subject, through, options);
        return end(state, subscription);
      },
      serve: (endpoint, handler) => {
        const { state, through } = deliver(handler);
        const subscription = transport.serve(endpoint, through);
        return end(state, subscription);
      },
    };
  }

  private wrapStorage(storage: Storage): Storage {
    const saved = (handler: (failure?: Parameters<Parameters<Storage['append']>[2]>[0]) => void) =>
      ((failure) => this.input(() => handler(failure))) satisfies Parameters<Storage['append']>[2];
    return {
      list: () => storage.list(),
      read: (name, offset, length) => storage.read(name, offset, length),
      append: (name, pieces, done) => storage.append(name, pieces, saved(done)),
      write: (name, at, pieces, done) => storage.write(name, at, pieces, saved(done)),
      replace: (name, content, done) => storage.replace(name, content, saved(done)),
      truncate: (name, bytes, doubtfulFrom) => storage.truncate(name, bytes, doubtfulFrom),
      remove: (name, done) => storage.remove(name, saved(done)),
      rename: (from, to, done) => storage.rename(from, to, saved(done)),
    };
  }

  private wrapTcp(tcp: Tcp): Tcp {
    return {
      listen: (address, accept, failed) =>
        tcp.listen(
          address,
          (connection) => {
            let handlers: TcpHandlers | undefined;
            this.input(() => {
              handlers = accept(connection);
            });
            return {
              data: (bytes) => this.input(() => handlers?.data(bytes)),
              closed: () => this.input(() => handlers?.closed()),
              drained: () => this.input(() => handlers?.drained()),
            };
          },
          (reason) => this.input(() => failed(reason)),
        ),
    };
  }

  private wrapHttp(http: Http): Http {
    return {
      listen: (address, handler, failed) =>
        http.listen(
          address,
          (request, reply) => this.input(() => handler(request, reply)),
          (reason) => this.input(() => failed(reason)),
        ),
    };
  }

  private wrapProcesses(processes: Processes): Processes {
    return {
      launch: (spec, started) =>
        processes.launch(spec, (result) => this.input(() => started(result))),
      watch: (sandbox, identity, ended) =>
        processes.watch(sandbox, identity, (end) => this.input(() => ended(end))),
      find: (sandbox) => processes.find(sandbox),
      signal: (identity, signal) => processes.signal(identity, signal),
      usage: (identity) => processes.usage(identity),
      readOutput: (sandbox, stream, offset, length) =>
        processes.readOutput(sandbox, stream, offset, length),
      listSandboxes: () => processes.listSandboxes(),
      removeSandbox: (sandbox) => processes.removeSandbox(sandbox),
    };
  }
}
