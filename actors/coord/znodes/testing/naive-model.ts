/**
 * The tree and its sessions written down as plainly as possible, for the property test: everything is copied before
 * each multi, searched from end to end, never fast. Read it as the specification of what `apply` answers.
 */
import type {
  AclEntry,
  Identity,
  Operation,
  OperationResult,
  WriteOperation,
  ZnodeOperation,
} from '../../../../protocol/operations.ts';
import { textOf } from './driver.ts';

export interface ModelNode {
  data: string;
  acl: readonly AclEntry[];
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctimeMs: number;
  mtimeMs: number;
  version: number;
  cversion: number;
  aversion: number;
  created: number;
  owner: string;
  container?: boolean;
  ttlMs?: number | undefined;
}

interface ModelSession {
  incarnation: number;
  number: number;
  password: string;
  clientNumbered: boolean;
  holder: number;
  replies: Map<number, string>;
  tags: Map<number, number>;
}

/** In words that compare easily: the kind and path of a result, or the code of its error. */
export type Answer = string;

class Refusal extends Error {}
const refuse = (code: string): never => {
  throw new Refusal(code);
};

export class NaiveModel {
  zxid = 0;
  nodes = new Map<string, ModelNode>();
  sessions = new Map<string, ModelSession>();
  events: string[] = [];
  private wallMs = 0;

  constructor() {
    const all = [{ permissions: 31, scheme: 'world', id: 'anyone' }];
    const read = [{ permissions: 1, scheme: 'world', id: 'anyone' }];
    for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])
      this.nodes.set(path, { ...this.newNode('', path.endsWith('config') ? read : all, '') });
    Object.assign(this.nodes.get('/zookeeper/config')!, { version: -1, aversion: -1 });
    this.nodes.get('/')!.cversion = -1;
    this.nodes.get('/zookeeper')!.cversion = -2;
  }

  apply(operation: Operation, wallMs: number): Answer {
    this.zxid += 1;
    this.wallMs = wallMs;
    this.events = [];
    try {
      return this.answer(operation);
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      throw error;
    }
  }

  below(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.nodes.keys()].filter((other) => other !== '/' && other.startsWith(prefix));
  }

  children(path: string): string[] {
    const { length } = path === '/' ? '/' : `${path}/`;
    return this.below(path)
      .map((other) => other.slice(length))
      .filter((name) => !name.includes('/'))
      .sort();
  }

  private answer(operation: Operation): Answer {
    const { body, tag } = operation;
    const session = this.sessions.get(operation.session);
    switch (body.kind) {
      case 'openSession': {
        const password = String(body.password);
        if (session !== undefined) {
          const begun = session.tags.get(tag);
          if (begun === undefined || session.password !== password) return 'BAD_REQUEST';
          return begun === session.incarnation ? `session ${begun}` : 'SESSION_MOVED';
        }
        this.sessions.set(operation.session, {
          incarnation: 1,
          number: 0,
          password,
          clientNumbered: body.clientNumbered,
          holder: body.holder,
          replies: new Map(),
          tags: new Map([[tag, 1]]),
        });
        return 'session 1';
      }
      case 'attachSession': {
        if (session === undefined || session.password !== String(body.password))
          return 'SESSION_EXPIRED';
        const begun = session.tags.get(tag);
        if (begun !== undefined)
          return begun === session.incarnation ? `session ${begun}` : 'SESSION_MOVED';
        session.incarnation += 1;
        session.holder = body.holder;
        session.tags.set(tag, session.incarnation);
        if (!session.clientNumbered) {
          session.number = 0;
          session.replies.clear();
        }
        return `session ${session.incarnation}`;
      }
      case 'closeSession': {
        if (session === undefined) return 'SESSION_EXPIRED';
        if (session.incarnation !== operation.incarnation) return 'SESSION_MOVED';
        const owned = [...this.nodes].filter(([, node]) => node.owner === operation.session);
        for (const path of owned.map(([own]) => own).sort()) this.remove(path);
        this.sessions.delete(operation.session);
        return 'closed';
      }
      case 'memberSession':
        throw new Error('the model has no sessions of members');
      default: {
        if (session === undefined) return 'SESSION_EXPIRED';
        if (session.incarnation !== operation.incarnation) return 'SESSION_MOVED';
        const { number } = operation;
        if (number < 1) return 'BAD_REQUEST';
        if (number <= session.number) return session.replies.get(number) ?? 'REPLY_FORGOTTEN';
        if (number > session.number + 1) return 'SEQUENCE_GAP';
        const answer = this.write(operation, body);
        session.number = number;
        if (session.clientNumbered) session.replies.set(number, answer);
        return answer;
      }
    }
  }

  private write(operation: Operation, body: WriteOperation): Answer {
    const { session, identities } = operation;
    if (body.kind !== 'multi') {
      try {
        return this.one(body, session, identities);
      } catch (error) {
        if (error instanceof Refusal) return error.message;
        throw error;
      }
    }
    const before = structuredClone(this.nodes);
    const answers: string[] = [];
    for (const [index, inner] of body.operations.entries()) {
      try {
        answers.push(this.one(inner, session, identities));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.nodes = before;
        this.events = [];
        return `${error.message} at ${index} of ${body.operations.length}`;
      }
    }
    return `multi(${answers.join(',')})`;
  }

  private one(operation: ZnodeOperation, session: string, identities: readonly Identity[]): Answer {
    const may = (acl: readonly AclEntry[], permission: number): void => {
      const granted = acl.some(
        (entry) =>
          (entry.permissions & permission) !== 0 &&
          (entry.scheme === 'world' ||
            identities.some(
              ({ scheme, id }) =>
                scheme === entry.scheme && (id === entry.id || entry.id === '10.0.0.0/8'),
            )),
      );
      if (!granted && !identities.some(({ scheme }) => scheme === 'super')) refuse('NO_AUTH');
    };
    const existing = (path: string): ModelNode => {
      const node = this.nodes.get(path);
      return node ?? refuse(isPath(path) ? 'NO_NODE' : 'BAD_PATH');
    };
    const same = (wanted: number, version: number): void => {
      if (wanted !== -1 && wanted !== version) refuse('BAD_VERSION');
    };
    switch (operation.kind) {
      case 'create': {
        const { sequential, ephemeral, container = false, ttlMs } = operation;
        const isMixed = ephemeral ? container || ttlMs !== undefined : container && sequential;
        if (isMixed || (container && ttlMs !== undefined)) refuse('BAD_REQUEST');
        if (!operation.path.includes('/')) refuse('BAD_PATH');
        if (operation.acl.length === 0) refuse('INVALID_ACL');
        const parentPath = parentOf(operation.path);
        const parent = this.nodes.get(parentPath) ?? refuse('NO_NODE');
        may(parent.acl, 4);
        if (!isPath(sequential ? `${operation.path}0` : operation.path)) refuse('BAD_PATH');
        const path = sequential
          ? operation.path + String(parent.created).padStart(10, '0')
          : operation.path;
        if (this.nodes.has(path)) refuse('NODE_EXISTS');
        if (parent.owner !== '') refuse('NO_CHILDREN_FOR_EPHEMERALS');
        const bytes = operation.data?.length ?? 0;
        if (operation.enforceQuota === true) this.checkQuota(path, 1, bytes);
        const node = this.newNode(
          textOf(operation.data ?? new Uint8Array(0)),
          operation.acl,
          ephemeral ? session : '',
        );
        this.nodes.set(path, { ...node, container, ttlMs });
        if (path.endsWith('/zookeeper_stats')) this.beginStats(path);
        this.account(path, 1, bytes);
        parent.created += 1;
        parent.cversion += 1;
        parent.pzxid = this.zxid;
        this.events.push(`created ${path}`, `childrenChanged ${parentPath}`);
        return `created ${path}`;
      }
      case 'delete': {
        if (/^\/$|^\/zookeeper(\/quota|\/config)?$/.test(operation.path)) refuse('BAD_REQUEST');
        if (!operation.path.includes('/')) refuse('BAD_PATH');
        const parent = this.nodes.get(parentOf(operation.path)) ?? refuse('NO_NODE');
        may(parent.acl, 8);
        const node = this.nodes.get(operation.path) ?? refuse('NO_NODE');
        same(operation.version, node.version);
        if (this.children(operation.path).length > 0) refuse('NOT_EMPTY');
        this.remove(operation.path);
        return 'deleted';
      }
      case 'set': {
        const node = existing(operation.path);
        may(node.acl, 2);
        const more = (operation.data?.length ?? 0) - node.data.length;
        if (operation.enforceQuota === true) this.checkQuota(operation.path, 0, more);
        same(operation.version, node.version);
        node.data = textOf(operation.data ?? new Uint8Array(0));
        this.account(operation.path, 0, more);
        node.version += 1;
        node.mzxid = this.zxid;
        node.mtimeMs = this.wallMs;
        this.events.push(`dataChanged ${operation.path}`);
        return `stat ${node.version}`;
      }
      case 'check': {
        const node = existing(operation.path);
        may(node.acl, 1);
        same(operation.version, node.version);
        return 'checked';
      }
      case 'setAcl': {
        if (!isPath(operation.path)) refuse('BAD_PATH');
        if (operation.acl.length === 0) refuse('INVALID_ACL');
        const node = existing(operation.path);
        may(node.acl, 16);
        same(operation.aversion, node.aversion);
        node.acl = operation.acl;
        node.aversion += 1;
        return `stat ${node.version}`;
      }
      case 'removeStale': {
        if (!this.isStale(operation.path, this.wallMs)) return 'checked';
        this.remove(operation.path);
        return 'deleted';
      }
      default:
        return operation satisfies never;
    }
  }

  isStale(path: string, wallMs: number): boolean {
    const node = this.nodes.get(path);
    if (node === undefined || this.children(path).length > 0) return false;
    if (node.container === true) return node.created > 0;
    return node.ttlMs !== undefined && node.mtimeMs + node.ttlMs <= wallMs;
  }

  /** Of the longest path at or above that has limits. */
  private quotaOf(path: string): { limits: number[]; stats: ModelNode } | undefined {
    const [longest] = [...this.nodes.keys()]
      .flatMap((at) => /^\/zookeeper\/quota(\/.+)\/zookeeper_limits$/.exec(at)?.[1] ?? [])
      .filter((limited) => `${path}/`.startsWith(`${limited}/`))
      .sort((one, other) => other.length - one.length);
    const stats = this.nodes.get(`/zookeeper/quota${longest}/zookeeper_stats`);
    const limits = this.nodes.get(`/zookeeper/quota${longest}/zookeeper_limits`);
    if (stats === undefined || limits === undefined) return undefined;
    return { limits: limits.data.match(/-?\d+/g)!.map(Number), stats };
  }

  private checkQuota(path: string, nodes: number, bytes: number): void {
    const quota = this.quotaOf(path);
    if (quota === undefined) return;
    const [, , bytesMost = -1, countMost = -1] = quota.limits;
    const [count = 0, had = 0] = quota.stats.data.match(/-?\d+/g)!.map(Number);
    if (nodes !== 0 && countMost > -1 && count + nodes > countMost) refuse('QUOTA_EXCEEDED');
    if (bytes !== 0 && bytesMost > -1 && had + bytes > bytesMost) refuse('QUOTA_EXCEEDED');
  }

  private account(path: string, nodes: number, bytes: number): void {
    const stats = this.quotaOf(path)?.stats;
    if (stats === undefined) return;
    const [count = 0, had = 0] = stats.data.match(/-?\d+/g)!.map(Number);
    stats.data = `count=${count + nodes},bytes=${had + bytes}`;
  }

  private beginStats(path: string): void {
    const top = path.slice('/zookeeper/quota'.length, -'/zookeeper_stats'.length);
    const counted = [top, ...this.below(top)].flatMap((at) => this.nodes.get(at) ?? []);
    const bytes = counted.reduce((sum, { data }) => sum + data.length, 0);
    this.nodes.get(path)!.data = `count=${counted.length},bytes=${bytes}`;
  }

  private remove(path: string): void {
    const { data } = this.nodes.get(path)!;
    this.nodes.delete(path);
    this.account(path, -1, -data.length);
    const parent = this.nodes.get(parentOf(path))!;
    parent.cversion += 1;
    parent.pzxid = this.zxid;
    this.events.push(`deleted ${path}`, `childrenChanged ${parentOf(path)}`);
  }

  private newNode(data: string, acl: readonly AclEntry[], owner: string): ModelNode {
    const { zxid, wallMs } = this;
    return {
      data,
      acl,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctimeMs: wallMs,
      mtimeMs: wallMs,
      version: 0,
      cversion: 0,
      aversion: 0,
      created: 0,
      owner,
    };
  }
}

function parentOf(path: string): string {
  return path.replace(/\/[^/]*$/, '') || '/';
}

/** A result of the real state in the model's words. */
export function answerOf(result: OperationResult): Answer {
  switch (result.kind) {
    case 'created':
      return `created ${result.path}`;
    case 'stat':
      return `stat ${result.stat.version}`;
    case 'session':
      return `session ${result.incarnation}`;
    case 'multi':
      return `multi(${result.results.map(answerOf).join(',')})`;
    case 'error': {
      const { failures, error } = result;
      if (failures === undefined) return error.code;
      return `${error.code} at ${failures.findIndex((each) => each !== undefined)} of ${failures.length}`;
    }
    default:
      return result.kind;
  }
}

function isPath(text: string): boolean {
  return /^\/$|^(\/[^/]+)+$/.test(text);
}
