/**
 * Load on the znode API over NATS, from sessions that keep a number of writes outstanding. Speaks the public
 * protocol only (protocol/znode-api.ts), so that what is measured is what a client of another language would see.
 */
import { connect, type Msg, type NatsConnection } from 'nats';
import { pack, unpack } from '../../protocol/codec.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import type { SessionReplies } from '../../protocol/znode-api.ts';
import { Histogram } from './histogram.ts';

export interface ZnodeLoadOptions {
  readonly url: string;
  readonly cluster: string;
  readonly operation: 'set' | 'create' | 'get';
  readonly sessions: number;
  readonly outstanding: number;
  readonly valueBytes: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface ZnodeLoadResult {
  readonly operationsPerSecond: number;
  readonly latency: Histogram;
  /** Fewest operations within one second of the measured time. */
  readonly worstSecond: number;
  readonly errors: number;
}

export async function znodeLoad(options: ZnodeLoadOptions): Promise<ZnodeLoadResult> {
  const connections = await Promise.all(
    Array.from({ length: Math.min(3, options.sessions) }, () => connect({ servers: options.url })),
  );
  const subjects = subjectsOf(options.cluster);
  const measure = new Measure();
  const root = `/bench-${Math.random().toString(36).slice(2, 10)}`;
  await ask(connections[0] as NatsConnection, subjects.znode('create'), { path: root });
  const sessions = await Promise.all(
    Array.from({ length: options.sessions }, (_, index) =>
      LoadSession.open(
        connections[index % connections.length] as NatsConnection,
        subjects,
        options,
        `${root}/${index}`,
        measure,
      ),
    ),
  );
  for (const session of sessions) session.begin();
  await sleep(options.warmUpSeconds * 1000);
  measure.begin();
  await sleep(options.seconds * 1000);
  const result = measure.end();
  for (const session of sessions) session.end();
  await Promise.all(sessions.map((session) => session.drained));
  await Promise.all(connections.map((connection) => connection.close()));
  return result;
}

class Measure {
  private latency = new Histogram();
  private perSecond: number[] = [];
  private errors = 0;
  private startedAt = Number.POSITIVE_INFINITY;

  begin(): void {
    this.startedAt = performance.now();
  }

  done(sentAt: number, failed: boolean): void {
    if (sentAt < this.startedAt) return;
    const now = performance.now();
    if (failed) {
      this.errors++;
      return;
    }
    this.latency.add(now - sentAt);
    const second = Math.floor((now - this.startedAt) / 1000);
    this.perSecond[second] = (this.perSecond[second] ?? 0) + 1;
  }

  end(): ZnodeLoadResult {
    const seconds = (performance.now() - this.startedAt) / 1000;
    const whole = Array.from(
      { length: Math.floor(seconds) },
      (_, index) => this.perSecond[index] ?? 0,
    );
    const result = {
      operationsPerSecond: this.latency.count / seconds,
      latency: this.latency,
      worstSecond: Math.min(...whole),
      errors: this.errors,
    };
    this.startedAt = Number.POSITIVE_INFINITY;
    return result;
  }
}

class LoadSession {
  readonly drained: Promise<void>;
  private readonly connection: NatsConnection;
  private readonly subjects: Subjects;
  private readonly options: ZnodeLoadOptions;
  private readonly measure: Measure;
  private readonly opened: SessionReplies['open'];
  private readonly path: string;
  private readonly data: Uint8Array;
  private readonly inbox: string;
  private readonly sentAt = new Map<number, number>();
  private number = 1;
  private request = 0;
  private ending = false;
  private finish: () => void = () => undefined;

  private constructor(
    connection: NatsConnection,
    subjects: Subjects,
    options: ZnodeLoadOptions,
    path: string,
    measure: Measure,
    opened: SessionReplies['open'],
  ) {
    this.connection = connection;
    this.subjects = subjects;
    this.options = options;
    this.path = path;
    this.measure = measure;
    this.opened = opened;
    this.data = new Uint8Array(options.valueBytes).fill(97);
    this.inbox = `_INBOX.bench.${opened.sessionId}`;
    this.drained = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  static async open(
    connection: NatsConnection,
    subjects: Subjects,
    options: ZnodeLoadOptions,
    path: string,
    measure: Measure,
  ): Promise<LoadSession> {
    const opened = (await ask(connection, subjects.session('open'), {
      numbered: true,
      timeoutMs: 30_000,
    })) as unknown as SessionReplies['open'];
    await ask(connection, `${opened.holder}.create`, {
      sessionId: opened.sessionId,
      number: 1,
      path,
      data: 'x',
    });
    const session = new LoadSession(connection, subjects, options, path, measure, opened);
    connection.subscribe(`${session.inbox}.*`, {
      callback: (_, message) => session.answered(message),
    });
    await connection.flush();
    return session;
  }

  begin(): void {
    for (let index = 0; index < this.options.outstanding; index++) this.send();
  }

  end(): void {
    this.ending = true;
    if (this.sentAt.size === 0) this.finish();
  }

  private send(): void {
    const { operation } = this.options;
    const request = ++this.request;
    const base = { sessionId: this.opened.sessionId, path: this.path };
    const body =
      operation === 'get'
        ? base
        : operation === 'set'
          ? { ...base, number: ++this.number, data: this.data }
          : { ...base, path: `${this.path}/${request}`, number: ++this.number, data: this.data };
    this.sentAt.set(request, performance.now());
    this.connection.publish(this.subjects.atHolder(this.opened.holder, operation), pack(body), {
      reply: `${this.inbox}.${request}`,
    });
  }

  private answered(message: Msg): void {
    const request = Number(message.subject.slice(this.inbox.length + 1));
    const sentAt = this.sentAt.get(request);
    if (sentAt === undefined) return;
    this.sentAt.delete(request);
    const failed = message.headers !== undefined;
    this.measure.done(sentAt, failed);
    if (!this.ending) this.send();
    else if (this.sentAt.size === 0) this.finish();
  }
}

/** Throws what the cluster answered as an error. */
export async function ask(
  connection: NatsConnection,
  subject: string,
  request: Record<string, unknown>,
  timeoutMs = 10_000,
): Promise<Record<string, unknown>> {
  const answer = unpack(
    (await connection.request(subject, pack(request), { timeout: timeoutMs })).data,
  ) as Record<string, unknown>;
  if (answer.error !== undefined) throw new Error(`${subject}: ${JSON.stringify(answer.error)}`);
  return answer;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
