/**
 * The few frames of ZooKeeper's protocol that a load needs. Requests are built once and sent many times, with nothing
 * but the xid patched in: what the load costs must not be what is measured.
 */

const operation = { create: 1, get: 4, set: 5 } as const;
/** After the length. */
export const XID_AT = 4;
const BODY_AT = 12;
const REPLY_HEADER_BYTES = 16;
const PASSWORD_BYTES = 16;

/** A request whose xid, and with `numberedAt` the digits of its path, are filled in for each send. */
export interface Template {
  readonly bytes: Buffer;
  /** Where the last of the digits that tell one path from the next stands; undefined when the path stays. */
  readonly lastDigitAt?: number;
}

export function connectFrame(timeoutMs: number): Buffer {
  const frame = Buffer.alloc(4 + 4 + 8 + 4 + 8 + 4 + PASSWORD_BYTES + 1);
  frame.writeInt32BE(frame.length - 4, 0);
  frame.writeInt32BE(timeoutMs, 16);
  frame.writeInt32BE(PASSWORD_BYTES, 28);
  return frame;
}

export function getTemplate(path: string): Template {
  return { bytes: request(operation.get, text(path), Buffer.from([0])) };
}

/** Sets whatever version is there. */
export function setTemplate(path: string, data: Buffer): Template {
  return { bytes: request(operation.set, text(path), sized(data), int32(-1)) };
}

/** Persistent, open to all. */
export function createTemplate(path: string, data: Buffer): Template {
  const acl = [int32(1), int32(31), text('world'), text('anyone')];
  return { bytes: request(operation.create, text(path), sized(data), ...acl, int32(0)) };
}

/** Creates `${prefix}0000000000` and on: the digits are what `writeNumber` replaces. */
export function numberedCreateTemplate(prefix: string, data: Buffer): Template {
  const path = `${prefix}${'0'.repeat(NUMBER_DIGITS)}`;
  const { bytes } = createTemplate(path, data);
  return { bytes, lastDigitAt: BODY_AT + 4 + Buffer.byteLength(path) - 1 };
}

const NUMBER_DIGITS = 10;
const DIGIT_ZERO = 48;

export function writeNumber(target: Buffer, lastDigitAt: number, number: number): void {
  let rest = number;
  for (let at = lastDigitAt; at > lastDigitAt - NUMBER_DIGITS; at--) {
    target[at] = DIGIT_ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** Cuts a stream of bytes into frames; those that came in pieces are put together. */
export class FrameCutter {
  private held: Buffer | undefined;

  /** Calls `frame` with where each whole frame begins (at its length) and ends; its bytes are valid only during the call. */
  push(chunk: Buffer, frame: (bytes: Buffer, start: number, end: number) => void): void {
    const bytes = this.held === undefined ? chunk : Buffer.concat([this.held, chunk]);
    let start = 0;
    while (start + 4 <= bytes.length) {
      const end = start + 4 + bytes.readInt32BE(start);
      if (end > bytes.length) break;
      frame(bytes, start, end);
      start = end;
    }
    this.held = start === bytes.length ? undefined : bytes.subarray(start);
  }
}

/** Of the reply that begins at `start`. */
export function xidOf(bytes: Buffer, start: number): number {
  return bytes.readInt32BE(start + XID_AT);
}

/** 0 is success. */
export function errorOf(bytes: Buffer, start: number): number {
  return bytes.readInt32BE(start + 4 + REPLY_HEADER_BYTES - 4);
}

function request(type: number, ...body: Buffer[]): Buffer {
  const frame = Buffer.concat([int32(0), int32(0), int32(type), ...body]);
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

function text(value: string): Buffer {
  return sized(Buffer.from(value));
}

function sized(value: Buffer): Buffer {
  return Buffer.concat([int32(value.length), value]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
