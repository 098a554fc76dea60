/** One gateway before a state machine that applies what was submitted when `run` is called: no quorum, no sockets. */
import type { MemberId, SessionId, Slot } from '../../../../protocol/ids.ts';
import type { Operation } from '../../../../protocol/operations.ts';
import type { Clock, Logger, Tcp, TcpConnection, TcpHandlers } from '../../../actor.ts';
import type { Quorum } from '../../door/quorum.ts';
import type { OperationDone } from '../../forwarding.ts';
import type { ReconfigDone, Wanted } from '../../membership/membership.ts';
import { encodeEntry, encodeOperation } from '../../znodes/operation-codec.ts';
import { znodeStates } from '../../znodes/znodes.ts';
import { Gateway, type GatewayOptions } from '../gateway.ts';
import { type GatewaySettings, generousSettings } from '../settings.ts';

const member = 1 as MemberId;

/** What a client sees of its connection. */
export class Peer {
  readonly received: Uint8Array[] = [];
  isClosed = false;
  isPaused = false;
  handlers: TcpHandlers | undefined;

  send(...bytes: readonly Uint8Array[]): void {
    for (const piece of bytes) if (!this.isClosed) this.handlers?.data(piece);
  }

  /** Everything that came, frame by frame. */
  frames(): Buffer[] {
    const bytes = Buffer.concat(this.received);
    const frames: Buffer[] = [];
    for (let at = 0; at + 4 <= bytes.length; at += 4 + bytes.readInt32BE(at))
      frames.push(bytes.subarray(at + 4, at + 4 + bytes.readInt32BE(at)));
    return frames;
  }
}

export class GatewayWorld {
  readonly state = znodeStates.empty({ members: [] });
  readonly gateway: Gateway;
  nowMs = 1_000_000;
  hasRoom = true;
  isInContact = true;
  isCatchingUp = false;
  private accept: ((connection: TcpConnection) => TcpHandlers) | undefined;
  private submitted: { readonly bytes: Uint8Array; readonly tag: number; done: OperationDone }[] =
    [];
  private confirmed: (() => void)[] = [];
  /** Asked for, and to be answered by the test. */
  readonly reconfigurations: { readonly wanted: Wanted; readonly done: ReconfigDone }[] = [];
  private tag = 0;
  private seed = 1;

  constructor(
    settings: Partial<GatewaySettings> = {},
    sasl: Pick<GatewayOptions, 'saslUsers' | 'gss'> = {},
  ) {
    const tcp: Tcp = {
      listen: (_address, accept) => {
        this.accept = accept;
        return { close: () => undefined };
      },
    };
    this.gateway = new Gateway({
      tcp,
      clock: this.clock(),
      random: { next: () => 0.5, bytes: (count) => this.bytes(count) },
      log: silent,
      quorum: this.quorum(),
      settings: { ...generousSettings, ...settings },
      ...sasl,
      host: '127.0.0.1',
      port: 2181,
      process: {
        ...{ version: '3.9.3-test', builtOn: 'test', dataDirectory: 'data', environment: [] },
        ...{ initialConfiguration: '', openFiles: () => 10, openFilesMax: 1000, series: () => [] },
      },
      facts: () => ({
        ...{ role: 'leading', leader: member, members: [member], observers: [], files: [] },
        isCatchingUp: this.isCatchingUp,
        presenceOf: () => ({ isConnected: true, isSynced: true }),
        lastSnapshot: undefined,
      }),
    });
    this.gateway.start();
  }

  connect(): Peer {
    const peer = new Peer();
    const close = () => {
      if (peer.isClosed) return;
      peer.isClosed = true;
      peer.handlers?.closed();
    };
    peer.handlers = this.accept!({
      remoteAddress: '127.0.0.1',
      remotePort: 40_000,
      isSecure: false,
      subject: undefined,
      waitingBytes: 0,
      write: (bytes) => peer.received.push(bytes),
      pause: () => {
        peer.isPaused = true;
      },
      resume: () => {
        peer.isPaused = false;
      },
      end: close,
      destroy: close,
    });
    return peer;
  }

  /** Applies everything in one entry, as a busy quorum does, until nothing is left. */
  run(): void {
    while (this.submitted.length > 0 || this.confirmed.length > 0) {
      const operations = this.submitted;
      this.submitted = [];
      const waiting = new Map(operations.map((one) => [one.tag, one]));
      const entry = encodeEntry(
        this.nowMs,
        operations.map(({ bytes }) => bytes),
      );
      this.state.applyEach((this.state.slot + 1) as Slot, entry, {
        isAsked: (tag) => waiting.has(tag),
        applied: (applied) => {
          for (const event of applied.events) this.gateway.fire(event);
          if (applied.ended !== undefined) this.gateway.ended(applied.ended);
          waiting.get(applied.tag)?.done(applied.result, applied.zxid);
        },
      });
      this.confirm();
      this.gateway.flush();
    }
    this.gateway.flush();
  }

  /** As the leader closes a session that nobody has heard of. */
  expire(session: SessionId): void {
    const { incarnation } = this.state.session(session)!;
    const body = { kind: 'closeSession', expired: true } as const;
    this.submit({ session, incarnation, number: 0, identities: [], body }, () => undefined);
  }

  /** The leader has confirmed what was asked until now. */
  confirm(): void {
    for (const done of this.confirmed.splice(0)) done();
  }

  private quorum(): Quorum {
    return {
      member,
      state: () => this.state,
      submit: (operation, done) => this.submit(operation, done),
      submitForMember: () => {
        throw new TypeError('the gateway writes in sessions only');
      },
      confirm: (done) => this.confirmed.push(done),
      reconfigure: (wanted, done) => this.reconfigurations.push({ wanted, done }),
      hasRoom: () => this.hasRoom,
      touch: (_session: SessionId) => undefined,
      isInContact: () => this.isInContact,
    };
  }

  private submit(operation: Omit<Operation, 'tag'>, done: OperationDone): void {
    this.tag += 1;
    const { tag } = this;
    this.submitted.push({ bytes: encodeOperation({ ...operation, tag }), tag, done });
  }

  private clock(): Clock {
    return {
      monotonicMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      after: () => ({ cancel: () => undefined }),
    };
  }

  private bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => {
      this.seed = (Math.imul(this.seed, 1_103_515_245) + 12_345) >>> 0;
      return this.seed >>> 24;
    });
  }
}

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};
