/**
 * Follows one node: reads with a watch, reads again after each event, after each change of the holder and after an
 * event was lost, and tells what is new.
 */
import type { ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import type { StatBody } from '../../../protocol/znode-api.ts';
import type { Answer, Followed } from './contract.ts';
import type { NodeEvent } from './read-lane.ts';
import { fires, type WatchKind } from './watches.ts';

/** A read without a deadline: answered when it can be, or when the session ends. */
export type FollowRead = (
  name: WatchKind,
  request: { path: string; watch: boolean; after?: string },
  done: (answer: Answer<Record<string, unknown>>) => void,
) => void;

/** Told by `expired`, or the client was closed. */
const sessionEnded: ReadonlySet<ErrorCode> = new Set([
  'SESSION_EXPIRED',
  'UNAVAILABLE',
  'CONNECTION_LOST',
]);

export class Follower {
  readonly path: string;
  private readonly kind: WatchKind;
  private readonly handler: (answer: Answer<Followed>) => void;
  private readonly read: FollowRead;
  private stopped = false;
  private reading = false;
  /** Something happened while it was reading: what it reads may be older. */
  private readAgain = false;
  private zxid = 0;
  /** What the handler knows; the same is not told twice. */
  private told: string | undefined;

  constructor(
    kind: WatchKind,
    path: string,
    handler: (answer: Answer<Followed>) => void,
    read: FollowRead,
  ) {
    this.kind = kind;
    this.path = path;
    this.handler = handler;
    this.read = read;
  }

  stop(): void {
    this.stopped = true;
  }

  receive(event: NodeEvent): void {
    if (event.path !== this.path) return;
    const concernsUs = fires(event.event, this.kind) || event.event === 'created';
    if (concernsUs && (this.reading || event.zxid > this.zxid)) this.refresh();
  }

  /** Reads anew with a new watch. */
  refresh(): void {
    if (this.stopped) return;
    if (this.reading) {
      this.readAgain = true;
      return;
    }
    this.reading = true;
    this.readAgain = false;
    if (this.kind === 'children') this.readChildren(undefined, [], undefined);
    else this.readNode(this.kind);
  }

  /** The session has ended: what was on the way is answered by that. */
  expired(error: MesozooError): void {
    this.reading = false;
    this.zxid = 0;
    this.tell({ ok: false, error }, error.code);
  }

  private readNode(kind: 'get' | 'exists'): void {
    this.read(kind, { path: this.path, watch: true }, (answer) => {
      if (this.stopped) return;
      if (!answer.ok) return this.failed(answer.error);
      const { zxid, stat } = answer.value as { zxid: number; stat?: StatBody };
      if (this.kind === 'get' && stat !== undefined) {
        const data = answer.value.data as Uint8Array;
        const value: Followed = { kind: 'get', data, zxid, version: stat.version, stat };
        this.succeeded(value, `${stat.czxid} ${stat.mzxid}`);
      } else {
        const exists = answer.value.exists === true;
        this.succeeded({ kind: 'exists', exists, zxid }, `${stat?.czxid} ${stat?.mzxid}`);
      }
    });
  }

  private readChildren(
    after: string | undefined,
    names: string[],
    pzxid: number | undefined,
  ): void {
    const request = { path: this.path, watch: true, ...(after !== undefined && { after }) };
    this.read('children', request, (answer) => {
      if (this.stopped) return;
      if (!answer.ok) return this.failed(answer.error);
      const page = answer.value as unknown as {
        children: string[];
        stat: StatBody;
        more: boolean;
        zxid: number;
      };
      if (pzxid !== undefined && page.stat.pzxid !== pzxid) this.readAgain = true;
      for (const name of page.children) names.push(name);
      if (page.more && page.children.length > 0)
        return this.readChildren(page.children.at(-1), names, page.stat.pzxid);
      this.succeeded(
        { kind: 'children', children: names, zxid: page.zxid },
        `${page.stat.czxid} ${page.stat.pzxid}`,
      );
    });
  }

  private succeeded(value: Followed, what: string): void {
    this.reading = false;
    this.zxid = value.zxid;
    const again = this.readAgain;
    this.tell({ ok: true, value }, what);
    if (again) this.refresh();
  }

  private failed(error: MesozooError): void {
    if (sessionEnded.has(error.code)) {
      this.reading = false;
      return;
    }
    if (error.code !== 'NO_NODE' || this.kind === 'exists') {
      this.reading = false;
      this.tell({ ok: false, error }, error.code);
      return;
    }
    // A missing node takes no data or child watch: wait for its creation with an exists watch.
    this.read('exists', { path: this.path, watch: true }, (answer) => {
      this.reading = false;
      if (this.stopped) return;
      if (!answer.ok) return this.failed(answer.error);
      this.zxid = answer.value.zxid as number;
      if (answer.value.exists === true || this.readAgain) return this.refresh();
      this.tell({ ok: false, error }, error.code);
    });
  }

  private tell(answer: Answer<Followed>, what: string): void {
    if (this.stopped || this.told === what) return;
    this.told = what;
    this.handler(answer);
  }
}
