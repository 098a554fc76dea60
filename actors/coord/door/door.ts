/**
 * The API of the quorum on NATS: requests on the tree and on sessions come in, are checked, carried out and answered.
 *
 * Requests without a session reach any member through a queue; those of a session reach the member that holds it on
 * a subject of its own, which is new at each start of the member.
 */
import { decode, type Form } from '../../../protocol/codec.ts';
import { assert, MesozooError } from '../../../protocol/errors.ts';
import type { SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import { descriptionOf, queues, type Subjects } from '../../../protocol/subjects.ts';
import {
  sessionRequests,
  type ZnodeRequestName,
  znodeRequests,
} from '../../../protocol/znode-api.ts';
import type { Delivery, Logger, Ports, Subscription } from '../../actor.ts';
import type { Applied } from '../znodes/contract.ts';
import { identitiesOf, NOBODY } from './credentials.ts';
import { type OpenRequest, OpenRequests } from './open-request.ts';
import type { Quorum } from './quorum.ts';
import { type ReadBody, type Reader, read } from './reads.ts';
import { type ReconfigRules, reconfigure } from './reconfig.ts';
import { SessionRequests } from './session-requests.ts';
import { SessionTable } from './session-table.ts';
import { type AnyZnodeBody, isWrite, parseZnodeRequest, type ZnodeBody } from './validation.ts';
import { answerOf, hasEphemeral, operationOf } from './writes.ts';

export interface DoorOptions {
  readonly ports: Ports;
  readonly quorum: Quorum;
  readonly subjects: Subjects;
  /** Random, new at each start. */
  readonly run: string;
  readonly reconfig: ReconfigRules;
}

const znodeNames = Object.keys(znodeRequests) as ZnodeRequestName[];
const ZNODE_SERVICE = 'mesozoo-znodes';
const SESSION_SERVICE = 'mesozoo-sessions';
/** Writes that wait for the quorum, and as many reads. */
const OPEN_MAX = 2 * limits.operationsWaiting;

export class Door {
  private readonly ports: Ports;
  private readonly log: Logger;
  private readonly quorum: Quorum;
  private readonly subjects: Subjects;
  private readonly run: string;
  private readonly reconfig: ReconfigRules;
  private readonly open: OpenRequests;
  private readonly sessions: SessionTable;
  private readonly sessionRequests: SessionRequests;
  private offered: Subscription[] = [];
  /** Of what is offered no more: those that may still bring a request. */
  private draining = 0;
  private ofHolder: Subscription | undefined;
  /** It offers itself no more. */
  isLeaving = false;

  constructor(options: DoorOptions) {
    const { ports, quorum, subjects, run, reconfig } = options;
    this.ports = ports;
    this.log = ports.log;
    this.quorum = quorum;
    this.subjects = subjects;
    this.run = run;
    this.reconfig = reconfig;
    this.open = new OpenRequests(ports.transport);
    this.sessions = new SessionTable(ports.transport);
    this.sessionRequests = new SessionRequests({
      quorum,
      ports,
      holder: (token) => subjects.holder(quorum.member, run, token),
      sessions: this.sessions,
    });
  }

  start(): void {
    const all = this.subjects.atMember(this.quorum.member, this.run);
    const prefixLength = all.length - '>'.length;
    this.ofHolder = this.ports.transport.subscribe(all, (delivery) => {
      const [token, ...name] = delivery.subject.slice(prefixLength).split('.');
      this.receiveAtHolder(token ?? '', name.join('.'), delivery);
    });
  }

  get isOffered(): boolean {
    return this.offered.length > 0;
  }

  get sessionCount(): number {
    return this.sessions.size;
  }

  /** Nothing waits for an answer, and of what was offered before nothing more will come. */
  get isQuiet(): boolean {
    return this.open.size === 0 && this.draining === 0;
  }

  /** Takes part in the queue from which requests without a holder are shared out. */
  offer(): void {
    if (this.isOffered) return;
    for (const name of znodeNames) {
      const endpoint = {
        service: ZNODE_SERVICE,
        name: name.replace('.', '-'),
        subject: this.subjects.znode(name),
        queue: queues.coords,
        description: descriptionOf(`znode.${name}`),
        schema: znodeRequests[name],
      };
      this.offered.push(
        this.ports.transport.serve(endpoint, (delivery) =>
          this.receive(name, delivery, (request, value) =>
            this.takeZnodeRequest(name, request, value, undefined),
          ),
        ),
      );
    }
    for (const name of ['open', 'ping', 'close'] as const) {
      const endpoint = {
        service: SESSION_SERVICE,
        name,
        subject: this.subjects.session(name),
        queue: queues.coords,
        description: descriptionOf(`session.${name}`),
        schema: sessionRequests[name],
      };
      this.offered.push(
        this.ports.transport.serve(endpoint, (delivery) =>
          this.receive(name, delivery, (request, value, form) =>
            this.sessionRequests[name](request, value, form),
          ),
        ),
      );
    }
  }

  /** What the queue has given to this member is still answered here: nobody else gets it. */
  withdraw(): void {
    for (const subscription of this.offered) {
      this.draining += 1;
      subscription.drain(() => {
        this.draining -= 1;
      });
    }
    this.offered = [];
  }

  /** Sessions go elsewhere, where their clients send again what is not answered; what came without one is answered here. */
  leave(): void {
    this.isLeaving = true;
    this.withdraw();
    this.sessions.leave(new MesozooError('SESSION_MOVED', 'the member stops: attach to another'));
  }

  /** Everybody who still waits is told. */
  stop(): void {
    this.ofHolder?.unsubscribe();
    this.open.failAll(new MesozooError('CONNECTION_LOST', 'the member stops'));
  }

  /** Now and then: deadlines. */
  sweep(): void {
    const nowMs = this.ports.clock.monotonicMs();
    this.open.sweep(nowMs);
    for (const session of this.sessions.all()) session.sweep(nowMs);
  }

  /** Watchers are told before anything is answered that shows what they watch for. */
  fire({ events, zxid }: Applied): void {
    for (let at = 0; at < events.length; at++) this.sessions.fire(events[at]!, zxid);
  }

  applied(applied: Applied): void {
    if (applied.ended === undefined) return;
    const view = this.quorum.state().session(applied.ended.session);
    this.sessions.ended(applied.ended, view?.holder === this.quorum.member);
  }

  /** The state has jumped: nobody can say which watches should have fired, so the clients look again. */
  stateReplaced(): void {
    this.sessions.moveAll(
      new MesozooError('SESSION_MOVED', 'the member had to catch up: attach again'),
    );
  }

  private receiveAtHolder(token: string, name: string, delivery: Delivery): void {
    this.receive(name, delivery, (request, value) => {
      if (name === 'ping') this.sessionRequests.pingHolder(request, value, token);
      else if (Object.hasOwn(znodeRequests, name)) {
        this.takeZnodeRequest(name as ZnodeRequestName, request, value, token);
      } else {
        throw new MesozooError('BAD_REQUEST', `there is no request ${JSON.stringify(name)}`);
      }
    });
  }

  private receive(
    name: string,
    delivery: Delivery,
    take: (request: OpenRequest, value: Record<string, unknown>, form: Form) => void,
  ): void {
    const nowMs = this.ports.clock.monotonicMs();
    let request: OpenRequest | undefined;
    try {
      const { form, value } = decode(delivery.payload);
      request = this.open.begin(name, delivery, form, nowMs);
      if (this.open.size >= OPEN_MAX) {
        throw new MesozooError(
          'TOO_MANY_REQUESTS',
          `${OPEN_MAX} requests wait for an answer at this member: send again later`,
        );
      }
      take(request, value, form);
      this.open.watch(request);
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      this.log.debug('request refused', { name, code: error.code, reason: error.message });
      (request ?? this.open.begin(name, delivery, 'json', nowMs)).fail(error);
    }
  }

  private takeZnodeRequest(
    name: ZnodeRequestName,
    request: OpenRequest,
    value: Record<string, unknown>,
    /** Of the holder's subject; undefined for a request through the queue. */
    token: string | undefined,
  ): void {
    const body = parseZnodeRequest(name, value) as AnyZnodeBody;
    if (body.sessionId !== undefined) {
      this.takeInSession(name, request, body, token);
    } else if (token !== undefined) {
      throw new MesozooError('BAD_REQUEST', 'the field "sessionId" is missing');
    } else {
      this.takeAlone(name, request, body);
    }
  }

  // ── In a session ────────────────────────────────────────────────────────────────────────────────────────────

  private takeInSession(
    name: ZnodeRequestName,
    request: OpenRequest,
    body: AnyZnodeBody,
    token: string | undefined,
  ): void {
    const id = body.sessionId as SessionId;
    if (body.auth !== undefined) {
      throw new MesozooError(
        'BAD_REQUEST',
        'the field "auth" is for a request without a session: give it when the session is opened',
      );
    }
    const session = this.sessions.findBy(id, token);
    if (session === undefined) {
      this.sessionRequests.refuseForeign(request, id);
      return;
    }
    this.quorum.touch(id);
    if (session.options.events !== undefined) request.events = () => session.eventNumber;
    const nowMs = this.ports.clock.monotonicMs();
    if (isWrite(name)) {
      const earlier = session.joins(body.number);
      if (earlier !== undefined) {
        request.handTo(earlier);
        return;
      }
      session.take(
        {
          request,
          write: { operation: operationOf(name, body), number: body.number },
          written: (result, zxid) => answerWrite(request, answerOf(result, zxid)),
        },
        nowMs,
      );
      return;
    }
    if (wantsWatch(body) && session.options.events === undefined) {
      throw new MesozooError(
        'BAD_REQUEST',
        'a watch needs a session that was opened with eventsTo, where its event can go',
      );
    }
    session.take(
      {
        request,
        linearizable: isLinearizable(name, body),
        read: () =>
          this.carryOutRead(name, request, body, {
            state: this.quorum.state(),
            identities: session.options.identities,
            watcher: { session: id, watches: this.sessions.watches },
          }),
      },
      nowMs,
    );
  }

  // ── Without a session ───────────────────────────────────────────────────────────────────────────────────────

  private takeAlone(name: ZnodeRequestName, request: OpenRequest, body: AnyZnodeBody): void {
    if (body.number !== undefined) {
      throw new MesozooError('BAD_REQUEST', 'the field "number" is for requests in a session');
    }
    const identities = body.auth === undefined ? NOBODY : identitiesOf(body.auth);
    if (isWrite(name)) {
      const operation = operationOf(name, body);
      if (hasEphemeral(operation)) {
        throw new MesozooError('BAD_REQUEST', 'an ephemeral znode needs a session: give sessionId');
      }
      this.quorum.submitForMember(operation, identities, (result, zxid) =>
        answerWrite(request, answerOf(result, zxid)),
      );
      request.isSubmitted = true;
      return;
    }
    const carryOut = () =>
      this.carryOutRead(name, request, body, {
        state: this.quorum.state(),
        identities,
        watcher: undefined,
      });
    if (isLinearizable(name, body)) this.quorum.confirm(carryOut);
    else carryOut();
  }

  /** And the request for other members, which waits for the session's writes as a read does. */
  private carryOutRead(
    name: ZnodeRequestName,
    request: OpenRequest,
    body: AnyZnodeBody,
    reader: Reader,
  ): void {
    if (request.isAnswered) return;
    try {
      if (name === 'reconfig') {
        const wanted = body as ZnodeBody<'reconfig'>;
        reconfigure(request, wanted, reader.identities, this.reconfig, this.quorum);
      } else answerRead(request, read(name, body, reader));
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      request.fail(error);
    }
  }
}

function answerWrite(request: OpenRequest, answer: ReturnType<typeof answerOf>): void {
  if ('body' in answer) request.answer(answer.body);
  else {
    request.failWith(
      answer.error,
      answer.failures === undefined ? {} : { failures: answer.failures },
    );
  }
}

function answerRead(request: OpenRequest, body: ReadBody): void {
  if ('data' in body) {
    const { data, ...rest } = body;
    assert(data instanceof Uint8Array, 'data are bytes');
    request.answerData(data, rest);
  } else {
    request.answer(body);
  }
}

function wantsWatch(body: AnyZnodeBody): boolean {
  return 'watch' in body && body.watch;
}

function isLinearizable(name: ZnodeRequestName, body: AnyZnodeBody): boolean {
  // The leader judges it by its own state.
  if (name === 'reconfig') return false;
  const { linearizable } = body as Partial<ZnodeBody<'get'>>;
  return name === 'sync' || (linearizable ?? body.sessionId === undefined);
}
