/**
 * The agent in the tree: its ephemeral znode, for anyone who watches, and who leads. The quorum may be away for as
 * long as it likes; the agent's tasks do not depend on it.
 */
import type { MesozooError } from '../../protocol/errors.ts';
import type { AgentId } from '../../protocol/ids.ts';
import { treePaths } from '../../protocol/paths.ts';
import type { ZnodeRequest } from '../../protocol/znode-api.ts';
import type { Clock, Logger, Timer } from '../actor.ts';
import type { CoordClient } from '../coord/client/contract.ts';
import { systemAcl } from '../coord/client/system-acl.ts';

export interface PresenceOptions {
  readonly client: CoordClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly agentId: AgentId;
  /** `user:password` */
  readonly digest: string;
  readonly intervalMs: number;
  /** What the znode says now. */
  readonly describe: () => Readonly<Record<string, unknown>>;
}

export class Presence {
  private readonly options: PresenceOptions;
  private readonly path: string;
  private readonly acl: ZnodeRequest<'create'>['acl'];
  /** What the tree holds, as far as this session wrote it. */
  private written: string | undefined;
  private writing = false;
  private timer: Timer | undefined;
  private closed = false;

  constructor(options: PresenceOptions) {
    this.options = options;
    this.path = treePaths.agent(options.agentId);
    this.acl = systemAcl(options.digest);
    options.client.onState((state) => {
      if (state !== 'connected' && state !== 'expired') return;
      // In a new session the former one's znode is gone, or about to go.
      if (state === 'expired') this.written = undefined;
      else this.look();
    });
  }

  /** Something that the znode says may have changed: it is written within the interval. */
  changed(): void {
    if (this.timer !== undefined || this.closed) return;
    this.timer = this.options.clock.after(this.options.intervalMs, () => {
      this.timer = undefined;
      this.write();
    });
  }

  close(done: () => void): void {
    this.closed = true;
    this.timer?.cancel();
    this.options.client.close(done);
  }

  /** The session is there (again): whether it is another one shows in the owner of the znode. */
  private look(): void {
    this.options.client.request('exists', { path: this.path }, (answer) => {
      if (!answer.ok) {
        this.failed(answer.error);
        return;
      }
      const owner = answer.value.stat?.ephemeralOwner;
      if (owner === undefined) this.create();
      else if (owner === this.options.client.session) this.write();
      else this.removeOld();
    });
  }

  /** Left by a former run of this agent, whose session has not expired yet. */
  private removeOld(): void {
    this.options.client.request('delete', { path: this.path, version: -1 }, (answer) => {
      if (answer.ok || answer.error.code === 'NO_NODE') this.create();
      else this.failed(answer.error);
    });
  }

  private create(): void {
    const data = JSON.stringify(this.options.describe());
    this.options.client.request(
      'create',
      { path: this.path, data, acl: this.acl, ephemeral: true, sequential: false },
      (answer) => {
        if (answer.ok) this.written = data;
        else this.failed(answer.error);
      },
    );
  }

  private write(): void {
    const data = JSON.stringify(this.options.describe());
    if (this.closed || this.writing || data === this.written) return;
    // Not there yet, or no longer: `look` writes it as it then is.
    if (this.options.client.state !== 'connected') return;
    this.writing = true;
    this.options.client.request('set', { path: this.path, data, version: -1 }, (answer) => {
      this.writing = false;
      if (answer.ok) {
        this.written = data;
        // What has changed in the meantime.
        if (JSON.stringify(this.options.describe()) !== data) this.changed();
      } else if (answer.error.code === 'NO_NODE') this.look();
      else this.failed(answer.error);
    });
  }

  private failed(error: MesozooError): void {
    this.written = undefined;
    if (this.closed || error.code === 'SESSION_EXPIRED') return;
    this.options.log.warn('znode of the agent could not be written', {
      path: this.path,
      code: error.code,
      message: error.message,
    });
    this.timer ??= this.options.clock.after(this.options.intervalMs, () => {
      this.timer = undefined;
      if (this.options.client.state === 'connected') this.look();
    });
  }
}
