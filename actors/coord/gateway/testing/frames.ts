/** Frames as clients send them, for tests. */
import { JuteWriter } from '../jute.ts';

export function frame(write: (out: JuteWriter) => void): Buffer {
  const out = new JuteWriter();
  out.begin();
  write(out);
  out.end();
  return out.take();
}

export function request(xid: number, type: number, write?: (out: JuteWriter) => void): Buffer {
  return frame((out) => {
    out.int(xid);
    out.int(type);
    write?.(out);
  });
}

export function hello(
  session = '',
  password: Uint8Array = Buffer.alloc(16),
  seenZxid = 0,
  mayBeReadOnly = false,
): Buffer {
  return frame((out) => {
    out.int(0);
    out.long(seenZxid);
    out.int(10_000);
    out.hex(session);
    out.buffer(password);
    out.bool(mayBeReadOnly);
  });
}

/** What the welcome of a client says. */
export function welcome(reply: Buffer) {
  return {
    timeoutMs: reply.readInt32BE(4),
    session: reply.toString('hex', 8, 16),
    password: reply.subarray(20, 36),
    isReadOnly: reply[36] === 1,
  };
}

const openAcl = [{ permissions: 31, scheme: 'world', id: 'anyone' }];

export function createBody(path: string, data: string, flags = 0, acl = openAcl) {
  return (out: JuteWriter): void => {
    out.string(path);
    out.buffer(Buffer.from(data));
    out.acl(acl);
    out.int(flags);
  };
}

export function readBody(path: string, isWatched = false) {
  return (out: JuteWriter): void => {
    out.string(path);
    out.bool(isWatched);
  };
}

export function setBody(path: string, data: string, version = -1) {
  return (out: JuteWriter): void => {
    out.string(path);
    out.buffer(Buffer.from(data));
    out.int(version);
  };
}

/** The header of a reply. */
export function header(reply: Buffer): { xid: number; zxid: number; error: number } {
  return {
    xid: reply.readInt32BE(0),
    zxid: Number(reply.readBigInt64BE(4)),
    error: reply.readInt32BE(12),
  };
}
