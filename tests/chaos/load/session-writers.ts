/**
 * Writers that hold sessions, through the client that masters and agents use: each counts a znode of its own up and
 * creates a child at every step. A write that was acknowledged is there; what was not may be there or not, but the
 * counter never stands beyond what was asked for, nor before what was acknowledged.
 */
import type { Ports } from '../../../actors/actor.ts';
import { type CoordSession, connect } from '../../../actors/coord/client/promises.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import { pause } from '../../cluster/harness.ts';
import type { LoadObserver } from '../../cluster/load.ts';

const SESSION_TIMEOUT_MS = 10_000;
const OPEN_MS = 20_000;

interface Writer {
  readonly path: string;
  readonly session: CoordSession;
  asked: number;
  acknowledged: number;
  readonly children: string[];
}

export interface SessionLoadOptions {
  readonly name: string;
  readonly writers: number;
  readonly pauseMs: number;
  readonly observer: LoadObserver;
}

export class SessionWriters {
  private readonly options: SessionLoadOptions;
  private readonly writers: Writer[] = [];
  private readonly loops: Promise<void>[] = [];
  private running = true;

  private constructor(options: SessionLoadOptions) {
    this.options = options;
  }

  /** Rejects with MesozooError when no session can be opened. */
  static async start(ports: Ports, options: SessionLoadOptions): Promise<SessionWriters> {
    const load = new SessionWriters(options);
    for (let index = 0; index < options.writers; index += 1) {
      const session = await connect(ports, {
        ...{ cluster: 'mz', timeoutMs: SESSION_TIMEOUT_MS, reopen: true, deadlineMs: OPEN_MS },
      });
      const path = `/session-${options.name}-${index}`;
      await session.request('create', { path, data: '0' });
      load.writers.push({ path, session, asked: 0, acknowledged: 0, children: [] });
    }
    for (const writer of load.writers) load.loops.push(load.write(writer));
    // What goes wrong in one of them is told by `stop`.
    for (const loop of load.loops) loop.catch(() => undefined);
    return load;
  }

  get acknowledged(): number {
    return this.writers.reduce((sum, { children }) => sum + children.length, 0);
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  /** What is wrong with the tree, in sentences. */
  async check(): Promise<string[]> {
    const wrong: string[] = [];
    for (const { path, session, asked, acknowledged, children } of this.writers) {
      await session.request('sync', {});
      const { data } = await session.request('get', { path });
      const value = Number(Buffer.from(data ?? '').toString());
      if (value < acknowledged || value > asked)
        wrong.push(`${path} is ${value}: ${acknowledged} was acknowledged, ${asked} asked for`);
      const present = new Set(await childrenOf(session, path));
      const lost = children.filter((name) => !present.has(name));
      if (lost.length > 0) wrong.push(`${path}: ${lost.length} children are lost (${lost[0]}, …)`);
    }
    return wrong;
  }

  /** Takes what was written out of the tree again, and ends the sessions. */
  async remove(): Promise<void> {
    for (const { path, session } of this.writers) {
      for (;;) {
        const { children } = await session.request('children', { path, limit: 1000 });
        if (children.length === 0) break;
        const operations = children.map((name) => ({
          ...{ op: 'delete' as const, path: `${path}/${name}` },
        }));
        await session.request('multi', { operations });
      }
      await session.request('delete', { path });
      await session.close();
    }
  }

  private async write(writer: Writer): Promise<void> {
    const { path, session } = writer;
    while (this.running) {
      const number = writer.asked + 1;
      writer.asked = number;
      const beganMs = performance.now();
      // Both at once: a session's writes are carried out in the order of the calls.
      const counted = session.request('set', { path, data: String(number) });
      const created = session.request('create', { path: `${path}/${number}` });
      const [set, create] = await Promise.allSettled([counted, created]);
      if (set.status === 'fulfilled') writer.acknowledged = number;
      else expectPassing(set.reason);
      if (create.status === 'fulfilled') writer.children.push(String(number));
      else expectPassing(create.reason);
      if (create.status === 'fulfilled') this.options.observer.wrote(beganMs, performance.now());
      await pause(this.options.pauseMs);
    }
  }
}

/** A session may expire when its client is cut off for long; nothing else may go wrong. */
function expectPassing(reason: unknown): void {
  const passing = ['SESSION_EXPIRED', 'CONNECTION_LOST', 'TIMEOUT', 'TOO_MANY_REQUESTS'];
  if (!(reason instanceof MesozooError && passing.includes(reason.code))) throw reason;
}

async function childrenOf(session: CoordSession, path: string): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const after = names.at(-1);
    const page = await session.request('children', { path, ...(after !== undefined && { after }) });
    names.push(...page.children);
    if (!page.more) return names;
  }
}
