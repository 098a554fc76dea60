/**
 * The recipes for programs that await: a thin façade, without decisions of its own. Rejections are MesozooErrors, or the
 * reason of the signal that was given.
 */
import type { z } from 'zod';
import type { MesozooError } from '../../../../protocol/errors.ts';
import type { Zxid } from '../../../../protocol/ids.ts';
import type { Ports } from '../../../actor.ts';
import type { Answer, ElectionOptions } from '../contract.ts';
import type { CoordSession } from '../promises.ts';
import { Barrier, DoubleBarrier, type DoubleBarrierOptions } from './barrier.ts';
import { CachedTree, type CachedTreeOptions, type CacheEvent } from './cached-tree.ts';
import { candidateAt } from './candidacy.ts';
import { Counter } from './counter.ts';
import { joinGroup, watchGroup } from './group.ts';
import { type Claim, lockAt, readLockAt, writeLockAt } from './lock.ts';
import type { RecipeParts } from './parts.ts';
import type { PresenceHandlers } from './presence.ts';
import { Queue } from './queue.ts';
import { leaseOf } from './semaphore.ts';
import { discover, Registration, type ServiceInstance } from './services.ts';
import { type ConfigHandlers, SharedConfig } from './shared-config.ts';

/** What was acquired, until `release` or `lost`. */
export interface Hold {
  readonly path: string;
  /** Fencing token: later holders of the same lock have greater ones. */
  readonly token: Zxid;
  /** Aborted at once when it is no longer held, or may not be; the reason says why. Not by `release`. */
  readonly lost: AbortSignal;
  /** Self-fencing: held, and the session cannot have been given away yet. */
  isHeld(): boolean;
  release(): Promise<void>;
}

export interface Acquirable {
  /** Waits for its turn, until the signal is aborted. */
  acquire(options?: { readonly signal?: AbortSignal }): Promise<Hold>;
  /** Undefined when it was not its turn within the time. */
  tryAcquire(waitMs: number): Promise<Hold | undefined>;
}

export type Recipes = ReturnType<typeof recipesOf>;

export function recipesOf(
  ports: Pick<Ports, 'clock' | 'random' | 'log'>,
  session: Pick<CoordSession, 'client'>,
) {
  const { clock, random, log } = ports;
  const { client } = session;
  const parts: RecipeParts = { client, clock, random, log };
  const acquirable = (claim: Claim) => acquirableOf(parts, claim);
  return {
    lock: (path: string, data?: string) => acquirable(lockAt(path, data)),
    readLock: (path: string, data?: string) => acquirable(readLockAt(path, data)),
    writeLock: (path: string, data?: string) => acquirable(writeLockAt(path, data)),
    semaphore: (path: string, leases: number, data?: string) =>
      acquirable(leaseOf(path, leases, data)),
    election: (options: ElectionOptions, data?: string | Uint8Array) =>
      acquirable(candidateAt(options, data)),
    counter: (path: string) => {
      const counter = new Counter(parts, path);
      return {
        get: () => answered<number>((done) => counter.get(done)),
        add: (delta: number) => answered<number>((done) => counter.add(delta, done)),
      };
    },
    barrier: (path: string) => {
      const barrier = new Barrier(parts, path);
      return {
        raise: () => settled((done) => barrier.raise(done)),
        lift: () => new Promise<void>((resolve) => barrier.lift(resolve)),
        wait: (options: { readonly signal?: AbortSignal } = {}) =>
          stoppable<void>((resolve) => barrier.wait(() => resolve(undefined)), options.signal),
      };
    },
    doubleBarrier: (options: DoubleBarrierOptions) => {
      const barrier = new DoubleBarrier(parts, options);
      return {
        enter: () => settled((done) => barrier.enter(done)),
        leave: () => settled((done) => barrier.leave(done)),
      };
    },
    queue: (path: string) => {
      const queue = new Queue(parts, path);
      return {
        put: (data: string | Uint8Array, options: { readonly priority?: number } = {}) =>
          settled((done) => queue.put(data, done, options.priority)),
        poll: () => answered<Uint8Array | undefined>((done) => queue.poll(done)),
        take: () => answered<Uint8Array>((done) => queue.take(done)),
      };
    },
    group: (path: string) => ({
      join: (
        member: { readonly name: string; readonly data?: string | Uint8Array },
        handlers?: PresenceHandlers,
      ) => joinGroup(parts, path, member, handlers),
      watch: (handler: (members: ReadonlyMap<string, Uint8Array>) => void) =>
        watchGroup(client, path, handler),
    }),
    /** Once all that is there has been told. */
    cachedTree: (
      options: CachedTreeOptions,
      handler: (event: CacheEvent) => void = () => undefined,
    ) =>
      new Promise<CachedTree>((resolve) => {
        const tree: CachedTree = new CachedTree(client, options, (event) => {
          handler(event);
          if (event.type === 'ready') resolve(tree);
        });
      }),
    register: (service: string, instance: ServiceInstance, handlers?: PresenceHandlers) =>
      new Registration(parts, service, instance, handlers),
    discover: (service: string, handler: (instances: readonly ServiceInstance[]) => void) =>
      discover(client, service, handler),
    config: <Schema extends z.ZodType>(path: string, schema: Schema) => {
      const config = new SharedConfig(parts, path, schema);
      return {
        watch: (handlers: ConfigHandlers<z.output<Schema>>) => config.watch(handlers),
        set: (value: z.input<Schema>, options: { readonly version?: number } = {}) =>
          answered<number>((done) => config.set(value, done, options.version)),
      };
    },
  };
}

function acquirableOf(parts: RecipeParts, claim: Claim): Acquirable {
  return {
    acquire: ({ signal } = {}) => acquire(parts, claim, signal),
    tryAcquire: (waitMs) => {
      const giveUp = new AbortController();
      const timer = parts.clock.after(waitMs, () => giveUp.abort(giveUp));
      return acquire(parts, claim, giveUp.signal)
        .catch((error) => {
          if (error !== giveUp) throw error;
          return undefined;
        })
        .finally(() => timer.cancel());
    },
  };
}

function acquire(parts: RecipeParts, claim: Claim, signal?: AbortSignal): Promise<Hold> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const lost = new AbortController();
    const giveUp = () => entered.leave(() => reject(signal?.reason));
    const entered = claim(parts, {
      held: ({ path, token }) => {
        signal?.removeEventListener('abort', giveUp);
        resolve({
          path,
          token,
          lost: lost.signal,
          isHeld: () => entered.isHolding,
          release: () => new Promise((released) => entered.leave(released)),
        });
      },
      lost: (error) => {
        signal?.removeEventListener('abort', giveUp);
        reject(error);
        lost.abort(error);
      },
    });
    signal?.addEventListener('abort', giveUp);
  });
}

function answered<Value>(ask: (done: (answer: Answer<Value>) => void) => void): Promise<Value> {
  return new Promise((resolve, reject) =>
    ask((answer) => (answer.ok ? resolve(answer.value) : reject(answer.error))),
  );
}

function settled(ask: (done: (error: MesozooError | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) =>
    ask((error) => (error === undefined ? resolve() : reject(error))),
  );
}

function stoppable<Value>(
  begin: (resolve: (value: Value) => void) => { stop(): void },
  signal: AbortSignal | undefined,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      waiting.stop();
      reject(signal?.reason);
    };
    const waiting = begin((value) => {
      signal?.removeEventListener('abort', stop);
      resolve(value);
    });
    signal?.addEventListener('abort', stop);
  });
}
