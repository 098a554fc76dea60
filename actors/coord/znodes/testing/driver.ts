/** Helpers of this folder's tests: a state, a session in it, and operations applied one slot each. */
import type { MemberId, SessionId, SessionIncarnation, Slot } from '../../../../protocol/ids.ts';
import {
  type AclEntry,
  type Identity,
  type Operation,
  permissions,
  type ZnodeOperation,
} from '../../../../protocol/operations.ts';
import type { PlantedBugs } from '../../../planted.ts';
import type { Applied, ZnodeState } from '../contract.ts';
import { encodeEntry, encodeOperation } from '../operation-codec.ts';
import { znodeStates } from '../znodes.ts';

export const START_MS = 1_700_000_000_000;
export const openAclEntries: readonly AclEntry[] = [
  { permissions: permissions.all, scheme: 'world', id: 'anyone' },
];

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const sessionIdOf = (number: number): SessionId =>
  number.toString(16).padStart(16, '0') as SessionId;
export const passwordOf = (number: number): Uint8Array => new Uint8Array(16).fill(number);

export const create = (
  path: string,
  options: {
    data?: string | null;
    acl?: readonly AclEntry[];
    ephemeral?: boolean;
    sequential?: boolean;
    container?: boolean;
    ttlMs?: number;
    enforceQuota?: boolean;
  } = {},
): ZnodeOperation => ({
  kind: 'create',
  path,
  data: options.data === null ? null : bytesOf(options.data ?? ''),
  acl: options.acl ?? openAclEntries,
  ephemeral: options.ephemeral ?? false,
  sequential: options.sequential ?? false,
  ...(options.container === true ? { container: true } : {}),
  ...(options.ttlMs === undefined ? {} : { ttlMs: options.ttlMs }),
  ...(options.enforceQuota === true ? { enforceQuota: true } : {}),
});
export const removeStale = (path: string): ZnodeOperation => ({ kind: 'removeStale', path });
export const remove = (path: string, version = -1): ZnodeOperation => ({
  kind: 'delete',
  path,
  version,
});
export const set = (path: string, data: string | null, version = -1): ZnodeOperation => ({
  kind: 'set',
  path,
  data: data === null ? null : bytesOf(data),
  version,
});
export const check = (path: string, version = -1): ZnodeOperation => ({
  kind: 'check',
  path,
  version,
});
export const setAcl = (path: string, acl: readonly AclEntry[], aversion = -1): ZnodeOperation => ({
  kind: 'setAcl',
  path,
  acl,
  aversion,
});
export const multi = (...operations: ZnodeOperation[]): Operation['body'] => ({
  kind: 'multi',
  operations,
});

/** A state machine fed one operation a slot; wall time grows by 1 ms a slot. */
export class Driver {
  state: ZnodeState;

  constructor(state?: ZnodeState, planted?: PlantedBugs) {
    this.state = state ?? znodeStates.empty({ members: [] }, planted);
  }

  get wallMs(): number {
    return START_MS + this.state.slot;
  }

  applyBytes(...operations: Uint8Array[]): readonly Applied[] {
    const slot = (this.state.slot + 1) as Slot;
    return this.state.apply(slot, encodeEntry(START_MS + slot, operations));
  }

  apply(operation: Operation): Applied {
    return this.applyBytes(encodeOperation(operation))[0]!;
  }

  open(number = 1, options: { clientNumbered?: boolean; holder?: number } = {}): TestSession {
    const session = new TestSession(this, number);
    session.begin({
      kind: 'openSession',
      password: passwordOf(number),
      timeoutMs: 10_000,
      holder: (options.holder ?? 1) as MemberId,
      clientNumbered: options.clientNumbered ?? false,
    });
    return session;
  }
}

export class TestSession {
  readonly id: SessionId;
  incarnation = 0;
  number = 0;
  identities: readonly Identity[] = [];
  private readonly driver: Driver;
  private readonly secret: number;

  constructor(driver: Driver, number: number) {
    this.driver = driver;
    this.secret = number;
    this.id = sessionIdOf(number);
  }

  /** An operation that begins an incarnation. */
  begin(body: Operation['body'], tag = this.incarnation + 1): Applied {
    const applied = this.driver.apply(this.operation(body, { incarnation: 0, number: 0, tag }));
    if (applied.result.kind === 'session') {
      this.incarnation = applied.result.incarnation;
      this.number = applied.result.number;
    }
    return applied;
  }

  attach(holder = 2, tag = this.incarnation + 1): Applied {
    return this.begin(
      {
        kind: 'attachSession',
        password: passwordOf(this.secret),
        timeoutMs: 10_000,
        holder: holder as MemberId,
      },
      tag,
    );
  }

  close(expired = false, incarnation = this.incarnation): Applied {
    return this.driver.apply(
      this.operation({ kind: 'closeSession', expired }, { incarnation, number: 0 }),
    );
  }

  /** The next write. */
  write(body: Operation['body']): Applied {
    this.number += 1;
    return this.driver.apply(this.operation(body));
  }

  /** The code of the next write's error, or its kind. */
  outcome(body: Operation['body']): string {
    const { result } = this.write(body);
    return result.kind === 'error' ? result.error.code : result.kind;
  }

  operation(
    body: Operation['body'],
    changes: { incarnation?: number; number?: number; tag?: number } = {},
  ): Operation {
    return {
      session: this.id,
      incarnation: (changes.incarnation ?? this.incarnation) as SessionIncarnation,
      number: changes.number ?? this.number,
      tag: changes.tag ?? this.number,
      identities: this.identities,
      body,
    };
  }
}
