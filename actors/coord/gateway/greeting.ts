/**
 * The hello of a client, which opens a session or comes back to its own. At a member without a quorum a client that
 * asked for it is let in to read: such a session is this member's alone, and ends when the quorum is back.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { MemberId, SessionId, SessionIncarnation } from '../../../protocol/ids.ts';
import type { Identity, OperationResult, SessionOperation } from '../../../protocol/operations.ts';
import type { Logger, Random } from '../../actor.ts';
import type { Quorum } from '../door/quorum.ts';
import { JuteReader, type JuteWriter, NO_BYTES } from './jute.ts';
import type { GatewaySettings } from './settings.ts';

export interface Greeted {
  readonly session: SessionId;
  readonly incarnation: SessionIncarnation;
  /** Of the session's last write. */
  readonly number: number;
  readonly timeoutMs: number;
  readonly isReadOnly: boolean;
}

export interface GreetingOptions {
  readonly quorum: Quorum;
  readonly settings: GatewaySettings;
  readonly random: Random;
  readonly log: Logger;
  /** Whether one more session may begin, or go on, here. */
  readonly admits: (isRenewal: boolean) => boolean;
  readonly out: JuteWriter;
  /** Nobody waits for the answer any more. */
  readonly isOver: () => boolean;
  /** Before the welcome is written. */
  readonly greeted: (greeted: Greeted) => void;
  /** The welcome or the refusal is written. */
  readonly written: (isWelcome: boolean) => void;
  /** Without an answer, so that the client looks elsewhere. */
  readonly turnAway: (why: string) => void;
}

interface Hello {
  readonly askedMs: number;
  /** Of the session that it comes back to. */
  readonly former: string;
  readonly password: Buffer;
  readonly mayBeReadOnly: boolean;
}

const PASSWORD_BYTES = 16;
const NO_PASSWORD = Buffer.alloc(PASSWORD_BYTES);
export const NO_INCARNATION = 0 as SessionIncarnation;
export const NOBODY: readonly Identity[] = Object.freeze([]);
const NO_SESSION = '0000000000000000';

export class Greeting {
  private readonly options: GreetingOptions;
  private hasReadOnlyFlag = true;

  constructor(options: GreetingOptions) {
    this.options = options;
  }

  /** Throws MARSHALLING_ERROR, TOO_MANY_REQUESTS. */
  read(frame: Buffer): void {
    const { quorum, admits, turnAway } = this.options;
    const reader = new JuteReader(frame);
    reader.int();
    const seenZxid = reader.long();
    const askedMs = reader.int();
    const former = reader.hex();
    const password = Buffer.from(reader.buffer() ?? NO_BYTES);
    // Old clients do not send it, and do not read it either.
    this.hasReadOnlyFlag = reader.left > 0;
    const mayBeReadOnly = this.hasReadOnlyFlag && reader.bool();
    if (!admits(former !== NO_SESSION)) {
      turnAway('too many new connections');
      return;
    }
    const hello = { askedMs, former, password, mayBeReadOnly };
    const isAhead = () => seenZxid > quorum.state().zxid;
    const turnAhead = () => turnAway('client has seen more than this member');
    if (!isAhead()) this.enter(hello);
    else if (this.isForReadingAlone(hello)) turnAhead();
    // A member that has just started, or is a moment behind, soon knows what the client has seen.
    else
      quorum.confirm(() => {
        if (this.options.isOver()) return;
        if (isAhead()) turnAhead();
        else this.enterOrTurnAway(hello);
      });
  }

  private enterOrTurnAway(hello: Hello): void {
    try {
      this.enter(hello);
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      this.options.turnAway(error.message);
    }
  }

  /** Throws TOO_MANY_REQUESTS. */
  private enter(hello: Hello): void {
    const { settings, quorum, random, turnAway } = this.options;
    const { former, password } = hello;
    const timeoutMs = Math.min(
      settings.sessionTimeoutMaxMs,
      Math.max(settings.sessionTimeoutMinMs, hello.askedMs),
    );
    const isNew = former === NO_SESSION;
    const own = isNew ? Buffer.from(random.bytes(PASSWORD_BYTES)) : password;
    const session = isNew ? newSessionId(quorum.member, random) : (former as SessionId);
    if (this.isForReadingAlone(hello)) {
      // Its session may have come after what this member knows: whoever knows it can say.
      if (!isNew && !quorum.state().isPassword(session, password)) turnAway('session not known');
      else this.welcome({ ...READ_ONLY, session, timeoutMs }, own);
      return;
    }
    const holder = quorum.member;
    const body: SessionOperation = isNew
      ? { kind: 'openSession', password: own, timeoutMs, holder, clientNumbered: false }
      : { kind: 'attachSession', password, timeoutMs, holder };
    const operation = { session, incarnation: NO_INCARNATION, number: 0, identities: NOBODY, body };
    quorum.submit(operation, (result) => {
      if (!this.options.isOver()) this.begun(session, own, result);
    });
  }

  private isForReadingAlone({ mayBeReadOnly }: Hello): boolean {
    const { settings, quorum } = this.options;
    return settings.readOnlyModeEnabled && mayBeReadOnly && !quorum.isInContact();
  }

  private begun(session: SessionId, password: Buffer, result: OperationResult): void {
    const view = this.options.quorum.state().session(session);
    if (result.kind !== 'session' || view?.incarnation !== result.incarnation) {
      this.write(0, NO_SESSION, NO_PASSWORD, false);
      this.options.written(false);
      return;
    }
    const { incarnation, number, timeoutMs } = result;
    this.welcome({ session, incarnation, number, timeoutMs, isReadOnly: false }, password);
  }

  private welcome(greeted: Greeted, password: Uint8Array): void {
    this.options.greeted(greeted);
    this.write(greeted.timeoutMs, greeted.session, password, greeted.isReadOnly);
    this.options.written(true);
  }

  private write(
    timeoutMs: number,
    session: string,
    password: Uint8Array,
    isReadOnly: boolean,
  ): void {
    const { out } = this.options;
    out.begin();
    out.int(0);
    out.int(timeoutMs);
    out.hex(session);
    out.buffer(password);
    if (this.hasReadOnlyFlag) out.bool(isReadOnly);
    out.end();
  }
}

const READ_ONLY = { incarnation: NO_INCARNATION, number: 0, isReadOnly: true };

/** As ZooKeeper's: the member in the top byte, and positive as a signed number while there are fewer than 128. */
function newSessionId(member: MemberId, random: Random): SessionId {
  const bytes = Buffer.from(random.bytes(8));
  bytes[0] = member;
  return bytes.toString('hex') as SessionId;
}
