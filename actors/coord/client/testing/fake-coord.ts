/**
 * For tests of the client: a quorum of members that share one tree at once and never disagree, but are killed, answer
 * with errors and expire sessions as a test says. The semantics of sessions are those of the real one: a session is
 * held by one member at a time, takes exactly the next number, and gives a repeat its former reply.
 */
import { decode, pack } from '../../../../protocol/codec.ts';
import { type ErrorCode, MesozooError } from '../../../../protocol/errors.ts';
import { parentOf } from '../../../../protocol/paths.ts';
import type { SessionEvent, StatBody } from '../../../../protocol/znode-api.ts';
import type { Delivery } from '../../../actor.ts';
import type { VirtualTransport, VirtualWorld } from './virtual-world.ts';

type Body = Record<string, unknown>;
interface Node {
  data: Uint8Array;
  stat: { -readonly [Field in keyof StatBody]: StatBody[Field] };
  counter: number;
}
interface Session {
  id: string;
  password: string;
  incarnation: number;
  holder: number;
  number: number;
  eventsTo: string;
  events: number;
  replies: Map<number, Body>;
  watches: Set<string>;
}
interface Member {
  id: number;
  run: number;
  transport: VirtualTransport;
  alive: boolean;
}

export class FakeCoord {
  readonly nodes = new Map<string, Node>();
  readonly sessions = new Map<string, Session>();
  readonly members: Member[] = [];
  /** What `apply` took, in order: `number name path`. */
  readonly applied: string[] = [];
  zxid = 0;
  /** Answers with this instead of carrying the request out; asked once for each request. */
  refuse: (name: string, request: Body, member: number) => ErrorCode | undefined = () => undefined;
  /** Takes the write's number, changes nothing, and answers with this, as to each of its repeats. */
  deny: (name: string, request: Body) => ErrorCode | undefined = () => undefined;
  /** Carries the request out, but answers with this. */
  forget: (name: string, request: Body) => ErrorCode | undefined = () => undefined;
  /** What is told of an opened session instead of the truth. */
  distort: (opened: Body) => Body = (opened) => opened;
  private readonly world: VirtualWorld;

  constructor(world: VirtualWorld, members = 3) {
    this.world = world;
    this.node('/', new Uint8Array(), '');
    for (let id = 1; id <= members; id++) this.start(id);
  }

  start(id: number): void {
    const old = this.members.find((member) => member.id === id);
    const member: Member = {
      id,
      run: (old?.run ?? 0) + 1,
      transport: this.world.ports(`coord${id}`).transport,
      alive: true,
    };
    if (old !== undefined) this.members.splice(this.members.indexOf(old), 1);
    this.members.push(member);
    const { transport } = member;
    transport.subscribe('mz.session.*', (delivery) => this.door(member, delivery), {
      queue: 'coords',
    });
    transport.subscribe(`${this.holder(member)}.>`, (delivery) => this.held(member, delivery));
  }

  kill(id: number): void {
    const member = this.members.find((each) => each.id === id)!;
    member.alive = false;
    member.transport.setConnected(false);
  }

  holderOf(session: string): number {
    return this.sessions.get(session)!.holder;
  }

  expire(session: string): void {
    const { eventsTo } = this.sessions.get(session)!;
    this.end(session);
    this.publish(eventsTo, { event: 'expired', sessionId: session });
  }

  end(session: string): void {
    for (const [path, node] of [...this.nodes])
      if (node.stat.ephemeralOwner === session) this.remove(path);
    this.sessions.delete(session);
  }

  /** A write by somebody else. */
  write(name: string, request: Body): Body {
    return this.apply(name, request, '');
  }

  private holder(member: Member): string {
    return `mz.session.at.${member.id}-${member.run}`;
  }

  private door(member: Member, delivery: Delivery): void {
    const request = decode(delivery.payload).value;
    const name = delivery.subject.split('.').at(-1) ?? '';
    const refusal = this.refuse(name, request, member.id);
    if (refusal !== undefined) this.answer(member, delivery, errorBody(refusal));
    else if (name === 'close') this.answer(member, delivery, this.closeSession(request));
    else this.answer(member, delivery, this.openSession(member, request));
  }

  private closeSession(request: Body): Body {
    const id = String(request.sessionId);
    if (!this.sessions.has(id)) return errorBody('SESSION_EXPIRED');
    this.end(id);
    return {};
  }

  private openSession(member: Member, request: Body): Body {
    let session: Session | undefined;
    if (request.sessionId === undefined) {
      const id = (this.sessions.size + 1 + this.zxid * 16).toString(16).padStart(16, '0');
      session = {
        id,
        password: id + id,
        incarnation: 0,
        holder: 0,
        number: 0,
        eventsTo: '',
        events: 0,
        replies: new Map(),
        watches: new Set(),
      };
      this.sessions.set(id, session);
    } else session = this.sessions.get(String(request.sessionId));
    if (session === undefined) return errorBody('SESSION_EXPIRED');
    this.zxid += 1;
    session.incarnation += 1;
    session.holder = member.id;
    session.eventsTo = String(request.eventsTo);
    session.events = 0;
    session.watches.clear();
    return this.distort({
      sessionId: session.id,
      password: session.password,
      timeoutMs: request.timeoutMs,
      // The session's own token is the last one.
      holder: `${this.holder(member)}.secret${session.id}`,
      member: member.id,
      incarnation: session.incarnation,
      number: session.number,
    });
  }

  private held(member: Member, delivery: Delivery): void {
    const request = decode(delivery.payload).value;
    const name = delivery.subject.split('.').slice(5).join('.');
    const refusal = this.refuse(name, request, member.id);
    const body = refusal === undefined ? this.heldReply(member, name, request) : errorBody(refusal);
    this.answer(member, delivery, body);
  }

  private heldReply(member: Member, name: string, request: Body): Body {
    const session = this.sessions.get(String(request.sessionId));
    if (session === undefined) return errorBody('SESSION_EXPIRED');
    if (session.holder !== member.id) return errorBody('SESSION_MOVED');
    if (name === 'ping') return { zxid: this.zxid, events: session.events };
    return { ...this.requestOf(session, name, request), events: session.events };
  }

  private requestOf(session: Session, name: string, request: Body): Body {
    if (request.number === undefined) return this.read(session, name, request);
    const number = Number(request.number);
    const former = session.replies.get(number);
    if (former !== undefined) return former;
    if (number !== session.number + 1) return errorBody('SEQUENCE_GAP');
    session.number = number;
    this.applied.push(`${number} ${name} ${request.path ?? ''}`.trim());
    const denied = this.deny(name, request);
    const carriedOut =
      denied === undefined ? this.apply(name, request, session.id) : errorBody(denied);
    const forgotten = this.forget(name, request);
    const reply = forgotten === undefined ? carriedOut : errorBody(forgotten);
    session.replies.set(number, reply);
    return reply;
  }

  private read(session: Session, name: string, request: Body): Body {
    const path = String(request.path);
    const node = this.nodes.get(path);
    if (request.watch === true && (node !== undefined || name === 'exists'))
      session.watches.add(`${name} ${path}`);
    const { zxid } = this;
    if (name === 'exists')
      return { exists: node !== undefined, ...(node && { stat: { ...node.stat } }), zxid };
    if (name === 'sync') return { zxid };
    if (node === undefined) return errorBody('NO_NODE');
    if (name === 'get') return { data: node.data, stat: { ...node.stat }, zxid };
    const limit = Number(request.limit ?? 10_000);
    const names = [...this.nodes.keys()]
      .filter((each) => each !== '/' && parentOf(each) === path)
      .map((each) => each.slice(path === '/' ? 1 : path.length + 1))
      .filter((each) => each > String(request.after ?? ''))
      .sort();
    const children = names.slice(0, limit);
    return { children, stat: { ...node.stat }, more: names.length > limit, zxid };
  }

  private apply(name: string, request: Body, owner: string): Body {
    this.zxid += 1;
    const { zxid } = this;
    let path = String(request.path);
    const node = this.nodes.get(path);
    if (name === 'multi') {
      for (const operation of request.operations as Body[])
        this.apply(String(operation.op), operation, owner);
      return { results: [], zxid };
    }
    if (name === 'create') {
      const parent = this.nodes.get(parentOf(path));
      if (parent === undefined) return errorBody('NO_NODE');
      if (request.sequential === true) path += String(parent.counter).padStart(10, '0');
      if (this.nodes.has(path)) return errorBody('NODE_EXISTS');
      parent.counter += 1;
      this.node(path, bytesOf(request.data), request.ephemeral === true ? owner : '');
      parent.stat.pzxid = zxid;
      this.tell('created', path);
      this.tell('childrenChanged', parentOf(path));
      return { path, stat: { ...this.nodes.get(path)!.stat }, zxid };
    }
    if (node === undefined) return errorBody('NO_NODE');
    if (name === 'delete') {
      this.remove(path);
      return { zxid };
    }
    if (name !== 'set') return errorBody('BAD_REQUEST');
    if (request.version !== undefined && request.version !== -1)
      if (request.version !== node.stat.version) return errorBody('BAD_VERSION');
    node.data = bytesOf(request.data);
    node.stat.mzxid = zxid;
    node.stat.version += 1;
    this.tell('dataChanged', path);
    return { stat: { ...node.stat }, zxid };
  }

  private node(path: string, data: Uint8Array, ephemeralOwner: string): void {
    const { zxid } = this;
    this.nodes.set(path, {
      data,
      counter: 0,
      stat: {
        czxid: zxid,
        mzxid: zxid,
        pzxid: zxid,
        ctimeMs: 0,
        mtimeMs: 0,
        version: 0,
        cversion: 0,
        aversion: 0,
        ephemeralOwner,
        dataLength: data.length,
        numChildren: 0,
      },
    });
  }

  private remove(path: string): void {
    this.zxid += 1;
    this.nodes.delete(path);
    const parent = this.nodes.get(parentOf(path));
    if (parent !== undefined) parent.stat.pzxid = this.zxid;
    this.tell('deleted', path);
    this.tell('childrenChanged', parentOf(path));
  }

  private tell(event: Extract<SessionEvent, { path: string }>['event'], path: string): void {
    const kinds = {
      created: ['get', 'exists'],
      dataChanged: ['get', 'exists'],
      deleted: ['get', 'exists', 'children'],
      childrenChanged: ['children'],
    }[event];
    for (const session of this.sessions.values()) {
      const fired = kinds.filter((kind) => session.watches.delete(`${kind} ${path}`));
      if (fired.length === 0) continue;
      session.events += 1;
      const { zxid } = this;
      const { events: number, id: sessionId } = session;
      this.publish(session.eventsTo, { event, path, zxid, sessionId, number }, session.holder);
    }
  }

  private publish(to: string, event: SessionEvent, from?: number): void {
    const member =
      this.members.find((each) => each.id === from) ?? this.members.find((each) => each.alive);
    member?.transport.publish(to, pack(event));
  }

  private answer(member: Member, delivery: Delivery, body: Body): void {
    if (delivery.reply !== undefined) member.transport.publish(delivery.reply, pack(body));
  }
}

function errorBody(code: ErrorCode): Body {
  return { error: new MesozooError(code).toBody() };
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  return new TextEncoder().encode(String(data ?? ''));
}
