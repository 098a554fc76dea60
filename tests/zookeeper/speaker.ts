/** One connection of a row: says what the row tells it to and writes down, masked, what it says and hears. */
import type { Masks } from './masks.ts';
import { type Address, type Hello, type Incoming, WireConnection } from './wire/connection.ts';
import type { MultiResult } from './wire/multi.ts';
import { errorNames, eventTypes } from './wire/records.ts';
import { closeSession, ping, type Request } from './wire/requests.ts';

/** Longer than any answer takes on a busy machine: whoever waits this long waits in vain. */
const ANSWER_WITHIN_MS = 20_000;

const changes = new Set([
  ...['create', 'create2', 'createContainer', 'createTtl', 'delete', 'setData', 'setACL'],
  ...['multi', 'reconfig', 'closeSession'],
]);

type Reply = Extract<Incoming, { kind: 'reply' }>;

export class Speaker {
  readonly #name: string;
  readonly #address: Address;
  readonly #masks: Masks;
  readonly #lines: string[];
  #connection: WireConnection | undefined;
  #open = false;
  #lastZxid = 0n;
  #session = 0n;
  #password: Buffer = Buffer.alloc(16);

  constructor(name: string, address: Address, masks: Masks, lines: string[]) {
    this.#name = name;
    this.#address = address;
    this.#masks = masks;
    this.#lines = lines;
  }

  get session(): bigint {
    return this.#session;
  }

  get password(): Buffer {
    return this.#password;
  }

  /** The greatest zxid of all replies: what a client tells as lastZxidSeen. */
  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  /** A session of its own, unless the hello says otherwise. */
  async connect(hello: Hello = { readOnly: false }): Promise<void> {
    await this.greet(hello);
    await this.#hear((incoming) => incoming.kind === 'welcome');
  }

  /** As connect, for a hello that is not answered. */
  async greet(hello: Hello): Promise<void> {
    await this.plug();
    this.#write('> hello');
    this.#connection!.sayHello(hello);
  }

  /** TCP alone. */
  async plug(): Promise<void> {
    this.#connection = await WireConnection.open(this.#address);
    this.#open = true;
  }

  /** The requests in one piece, then all replies; connects first where nobody has. Gives the last reply's body. */
  async ask<Body>(...requests: readonly Request<Body>[]): Promise<Body> {
    if (!this.#connection) await this.connect();
    for (const { name, fields } of requests) this.#write(`> ${name} ${this.#masks.text(fields)}`);
    this.#connection!.send(...requests);
    let body: unknown;
    for (const request of requests)
      await this.#hear((incoming) => {
        if (incoming.kind === 'reply' && incoming.request === request) body = incoming.body;
        return incoming.kind === 'reply' && incoming.request === request;
      });
    return body as Body;
  }

  async hears(notifications = 1): Promise<void> {
    for (let heard = 0; heard < notifications; heard += 1)
      await this.#hear(({ kind }) => kind === 'event');
  }

  sends(what: string, bytes: Buffer): void {
    this.#write(`> ${what}`);
    this.#connection!.sendBytes(bytes);
  }

  /** The other side ends the connection; what comes before is written down. */
  async closes(): Promise<void> {
    await this.#hear(({ kind }) => kind === 'closed');
  }

  drop(): void {
    this.#write('drops the connection');
    this.#open = false;
    this.#connection!.drop();
  }

  /** At the end of a row: whatever else has come is written down; then the session is gone. */
  async finish(): Promise<void> {
    if (!this.#open) return;
    const last = ping();
    this.#connection!.send(last);
    await this.#hear(
      (incoming) => incoming.kind === 'reply' && incoming.request === last,
      (incoming) => incoming.kind === 'reply' && incoming.request === last,
    );
    if (!this.#open) return;
    const end = closeSession();
    this.#connection!.send(end);
    await this.#hear(
      ({ kind }) => kind === 'closed',
      () => true,
    );
  }

  /** Writes down what comes, up to and with what is waited for, or the connection's end. */
  async #hear(
    isIt: (incoming: Incoming) => boolean,
    isUnwritten: (incoming: Incoming) => boolean = () => false,
  ): Promise<void> {
    while (this.#open) {
      const incoming = await this.#connection!.next(ANSWER_WITHIN_MS);
      if (!isUnwritten(incoming)) this.#write(`< ${this.#describe(incoming)}`);
      if (incoming.kind === 'closed') this.#open = false;
      if (isIt(incoming)) return;
    }
  }

  #describe(incoming: Incoming): string {
    switch (incoming.kind) {
      case 'welcome': {
        const { protocolVersion, timeoutMs, sessionId, password, readOnly } = incoming.welcome;
        this.#session = sessionId;
        this.#password = password;
        const zeros = password.every((byte) => byte === 0) ? 'zeros' : 'secret';
        return `welcome protocol ${protocolVersion}, ${timeoutMs} ms, ${this.#masks.session(sessionId)}, password of ${password.length} ${zeros}, readOnly ${readOnly}`;
      }
      case 'event': {
        const zxid = incoming.zxid === -1n ? '-1' : this.#seen(incoming.zxid);
        return `event ${eventTypes[incoming.type] ?? incoming.type} ${incoming.path}, state ${incoming.state}, zxid ${zxid}`;
      }
      case 'reply':
        return this.#describeReply(incoming);
      case 'garbled':
        throw new Error(`${incoming.problem}: ${incoming.payload.toString('hex')}`);
      case 'closed':
        return 'closed';
    }
  }

  #describeReply(reply: Reply): string {
    const { request, expectedXid, xid, zxid, error, body, bytesLeft } = reply;
    const name = request?.name ?? 'what nobody asked';
    const oddities = [
      ...(xid === expectedXid ? [] : [`xid ${xid}, not ${expectedXid}`]),
      ...(bytesLeft === 0 ? [] : [`${bytesLeft} bytes more`]),
    ];
    const own = changes.has(name) && error === 0 && !hasFailed(body);
    const what = error === 0 ? '' : ` ${errorNames[error] ?? ''} ${error}`;
    const shownZxid = own ? this.#masks.zxid(zxid) : this.#seen(zxid);
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    const shownBody = body === undefined || error !== 0 ? '' : ` ${this.#masks.text(body)}`;
    return [`${name}${what}, zxid ${shownZxid}`, ...oddities].join(', ') + shownBody;
  }

  /** Of an answer that changed nothing: other sessions may have moved on, but nobody may go back. */
  #seen(zxid: bigint): string {
    if (zxid <= 0n) return String(zxid);
    return zxid >= this.#lastZxid ? 'seen' : 'of the past';
  }

  #write(line: string): void {
    this.#lines.push(`${this.#name} ${line}`);
  }
}

function hasFailed(body: unknown): boolean {
  const { results = [] } = (body ?? {}) as { results?: readonly MultiResult[] };
  return results.some((result) => 'error' in result);
}
