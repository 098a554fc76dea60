/**
 * Leader election by ephemeral sequential candidates (ZooKeeper's recipe): the lowest leads, and each other watches
 * only the one before it, so that an ending wakes one candidate and not all.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Zxid } from '../../../protocol/ids.ts';
import { nameOf, parentOf } from '../../../protocol/paths.ts';
import type { Logger, Ports } from '../../actor.ts';
import { certainForMs } from './certainty.ts';
import type { CoordClient, Election, ElectionOptions } from './contract.ts';

type Handlers = Parameters<Election['enter']>[1];

/** One candidacy, from `enter` to `leave` or deposition. */
interface Candidacy {
  readonly data: Uint8Array;
  readonly handlers: Handlers;
  readonly states: { stop(): void };
  path?: string;
  czxid?: Zxid;
  leads: boolean;
  /** Follows the candidate before ours, or ours. */
  following?: { stop(): void };
  leaving?: (() => void)[];
}

const RETRY_MS = 500;

export class SessionElection implements Election {
  private readonly client: CoordClient;
  private readonly ports: Pick<Ports, 'clock' | 'log'>;
  private readonly options: ElectionOptions;
  private readonly log: Logger;
  private candidacy: Candidacy | undefined;

  /** The session must be open, or be opened soon. */
  constructor(client: CoordClient, ports: Pick<Ports, 'clock' | 'log'>, options: ElectionOptions) {
    this.client = client;
    this.ports = ports;
    this.options = options;
    this.log = ports.log.child({ part: 'election' });
  }

  enter(data: Uint8Array, handlers: Handlers): void {
    if (this.candidacy !== undefined)
      throw new MesozooError('BAD_ARGUMENT', 'the candidate has already entered');
    const states = this.client.onState((state) => {
      if (state === 'expired' || state === 'closed') this.end(candidacy);
    });
    const candidacy: Candidacy = { data, handlers, states, leads: false };
    this.candidacy = candidacy;
    this.createCandidate(candidacy);
  }

  leave(done?: () => void): void {
    const { candidacy } = this;
    if (candidacy === undefined) {
      if (done !== undefined) this.ports.clock.after(0, done);
      return;
    }
    const alreadyLeaving = candidacy.leaving !== undefined;
    candidacy.leaving ??= [];
    if (done !== undefined) candidacy.leaving.push(done);
    candidacy.leads = false;
    candidacy.following?.stop();
    if (!alreadyLeaving && candidacy.path !== undefined) this.removeCandidate(candidacy);
  }

  mayLead(): boolean {
    const { client, candidacy } = this;
    if (candidacy?.leads !== true) return false;
    return certainForMs(client, this.ports.clock, this.options.marginMs) > 0;
  }

  private createCandidate(candidacy: Candidacy): void {
    const { parent, prefix, acl } = this.options;
    this.client.request(
      'create',
      {
        path: `${parent}/${prefix}`,
        data: candidacy.data,
        ephemeral: true,
        sequential: true,
        ...(acl !== undefined && { acl: [...acl] }),
      },
      (answer) => {
        if (this.candidacy !== candidacy) return;
        if (answer.ok) {
          candidacy.path = answer.value.path;
          candidacy.czxid = answer.value.stat.czxid as Zxid;
          if (candidacy.leaving !== undefined) this.removeCandidate(candidacy);
          else this.look(candidacy);
        } else if (candidacy.leaving !== undefined) {
          this.end(candidacy);
        } else if (answer.error.code === 'NO_NODE') {
          this.createParents(candidacy, parent);
        } else if (answer.error.code === 'SESSION_EXPIRED') {
          this.end(candidacy);
        } else if (!answer.error.definite) {
          this.readNames(candidacy, undefined, [], (names) => this.removeStrays(candidacy, names));
        } else {
          this.log.error('candidate refused', { error: answer.error });
          this.retry(candidacy, () => this.createCandidate(candidacy));
        }
      },
    );
  }

  /**
   * A candidate of ours may have been made whose path we were not told: it would be in everybody's way for as long as
   * the session lives. Removed, and then one is made whose path we know.
   */
  private removeStrays(candidacy: Candidacy, names: readonly string[]): void {
    const { parent, prefix } = this.options;
    const session = this.client.session;
    const candidates = candidatesOf(names, prefix);
    let open = candidates.length;
    const looked = () => {
      open -= 1;
      if (open <= 0 && this.candidacy === candidacy) this.createCandidate(candidacy);
    };
    if (open === 0) looked();
    for (const name of candidates) {
      const path = `${parent}/${name}`;
      this.client.request('exists', { path }, (answer) => {
        const owner = answer.ok ? answer.value.stat?.ephemeralOwner : undefined;
        if (owner === session) this.client.request('delete', { path }, looked);
        else looked();
      });
    }
  }

  private createParents(candidacy: Candidacy, path: string): void {
    const missing: string[] = [];
    for (let each = path; each !== '/'; each = parentOf(each)) missing.unshift(each);
    missing.forEach((each, index) => {
      this.client.request('create', { path: each }, (answer) => {
        if (this.candidacy !== candidacy || index < missing.length - 1) return;
        if (answer.ok || answer.error.code === 'NODE_EXISTS') this.createCandidate(candidacy);
        else this.retry(candidacy, () => this.createCandidate(candidacy));
      });
    });
  }

  /** Finds our place among the candidates. */
  private look(candidacy: Candidacy): void {
    candidacy.following?.stop();
    candidacy.following = undefined;
    this.readNames(candidacy, undefined, [], (names) => {
      const own = nameOf(candidacy.path ?? '');
      const candidates = candidatesOf(names, this.options.prefix);
      const place = candidates.indexOf(own);
      if (place < 0) this.end(candidacy);
      else if (place === 0) this.lead(candidacy);
      else this.wait(candidacy, candidates[place - 1] as string);
    });
  }

  private readNames(
    candidacy: Candidacy,
    after: string | undefined,
    names: string[],
    done: (names: readonly string[]) => void,
  ): void {
    const request = { path: this.options.parent, ...(after !== undefined && { after }) };
    this.client.request('children', request, (answer) => {
      if (this.candidacy !== candidacy || candidacy.leaving !== undefined) return;
      if (!answer.ok) {
        if (answer.error.code === 'NO_NODE') this.end(candidacy);
        else if (answer.error.code !== 'SESSION_EXPIRED')
          this.retry(candidacy, () => this.look(candidacy));
        return;
      }
      names.push(...answer.value.children);
      if (answer.value.more) this.readNames(candidacy, names.at(-1), names, done);
      else done(names);
    });
  }

  private wait(candidacy: Candidacy, predecessor: string): void {
    const path = `${this.options.parent}/${predecessor}`;
    candidacy.following = this.client.follow('exists', path, (answer) => {
      if (this.candidacy !== candidacy || candidacy.leaving !== undefined) return;
      if (answer.ok && answer.value.kind === 'exists' && !answer.value.exists) this.look(candidacy);
    });
  }

  private lead(candidacy: Candidacy): void {
    const { path, czxid } = candidacy;
    if (path === undefined || czxid === undefined) return;
    candidacy.following = this.client.follow('exists', path, (answer) => {
      if (this.candidacy !== candidacy || candidacy.leaving !== undefined) return;
      if (answer.ok && answer.value.kind === 'exists' && !answer.value.exists) this.end(candidacy);
    });
    candidacy.leads = true;
    this.log.info('elected', { path, epoch: czxid });
    candidacy.handlers.elected({ path, czxid });
  }

  private removeCandidate(candidacy: Candidacy): void {
    this.client.request('delete', { path: candidacy.path ?? '' }, (answer) => {
      if (this.candidacy !== candidacy) return;
      if (!answer.ok && answer.error.code !== 'NO_NODE')
        this.log.warn('candidate not removed', { error: answer.error });
      this.end(candidacy);
    });
  }

  private retry(candidacy: Candidacy, run: () => void): void {
    this.ports.clock.after(RETRY_MS, () => {
      if (this.candidacy !== candidacy) return;
      if (candidacy.leaving !== undefined && candidacy.path === undefined) this.end(candidacy);
      else if (candidacy.leaving === undefined) run();
    });
  }

  private end(candidacy: Candidacy): void {
    if (this.candidacy !== candidacy) return;
    this.candidacy = undefined;
    candidacy.leads = false;
    candidacy.following?.stop();
    candidacy.states.stop();
    if (candidacy.leaving === undefined) {
      this.log.info('deposed', { path: candidacy.path, epoch: candidacy.czxid });
      candidacy.handlers.deposed();
    } else for (const done of candidacy.leaving) done();
  }
}

/** Names of candidates, the lowest first: a prefix and the ten digits of the parent's counter. */
export function candidatesOf(names: readonly string[], prefix: string): string[] {
  return names
    .filter((name) => name.startsWith(prefix) && /^\d{10}$/.test(name.slice(prefix.length)))
    .sort((a, b) => (a.slice(-10) < b.slice(-10) ? -1 : 1));
}
