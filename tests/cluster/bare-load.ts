/**
 * Requests without a session, over NATS, one after another in several lanes: whichever member the queue gives one to
 * answers it. Nobody asks again, so whatever is no answer is noted.
 */
import { type Outcome, Requests } from '../../actors/coord/client/requests.ts';
import { encode } from '../../protocol/codec.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { ZnodeRequestName } from '../../protocol/znode-api.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/log.ts';
import { connectTransport } from '../../runtime/nats.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { TestCluster } from './harness.ts';

/** Longer than a member's patience with a request: by then it has said that it cannot answer. */
const DEADLINE_MS = 15_000;

export interface BareLoadOptions {
  /** The znode under which all is written; it must be there. */
  readonly parent: string;
  readonly lanes: number;
}

export class BareLoad {
  /** In sentences: everything that no client should have to see. */
  readonly wrong: string[] = [];
  answered = 0;
  private readonly parent: string;
  private readonly requests: Requests;
  private readonly close: () => Promise<void>;
  private lanes: readonly Promise<void>[] = [];
  private running = true;

  private constructor(parent: string, requests: Requests, close: () => Promise<void>) {
    this.parent = parent;
    this.requests = requests;
    this.close = close;
  }

  static async start(cluster: TestCluster, { parent, lanes }: BareLoadOptions): Promise<BareLoad> {
    const log = createLogger({ level: 'silent', fields: {} });
    const { transport, close } = await connectTransport({
      ...{ url: cluster.natsUrl, role: 'client', name: 'bare load', log },
    });
    const requests = new Requests({ clock: systemClock, random: systemRandom, transport });
    const load = new BareLoad(parent, requests, close);
    load.lanes = Array.from({ length: lanes }, (_, lane) => load.work(lane));
    return load;
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.lanes);
    this.requests.close();
    await this.close();
  }

  private async work(lane: number): Promise<void> {
    const path = `${this.parent}/bare-${lane}`;
    await this.ask('create', { path });
    while (this.running) {
      await this.ask('set', { path, data: String(this.answered) });
      await this.ask('get', { path });
      await this.ask('get', { path, linearizable: false });
    }
  }

  private async ask(name: ZnodeRequestName, body: object): Promise<void> {
    const subject = subjectsOf('mz').znode(name);
    const outcome = await new Promise<Outcome>((resolve) => {
      this.requests.ask(subject, encode(body, 'json'), DEADLINE_MS, resolve);
    });
    if (outcome.kind === 'reply') this.answered += 1;
    else {
      const what = outcome.kind === 'error' ? outcome.error.toString() : outcome.kind;
      this.wrong.push(`${name}: ${what}`);
    }
  }
}
