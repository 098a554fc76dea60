/** multi and multiRead: several requests in one, each under a header (type, done, error), the last header done. */
import { type JuteReader, JuteWriter } from './jute.ts';
import {
  check,
  create,
  create2,
  createContainer,
  createTtl,
  getChildren,
  getData,
  type Request,
  remove,
  setData,
} from './requests.ts';

const LAST = { type: -1, done: true, error: -1 };

export type MultiResult =
  /** The type is the header's: a server may answer a create2 with a create's result. */
  | { readonly type: number; readonly reply: unknown }
  /** The header's error beside the body's: they are the same number in all known answers, and shown if not. */
  | { readonly error: number; readonly headerError: number };

const readersByType = new Map(
  [
    ...[create('/'), create2('/'), createContainer('/'), createTtl('/', 1n)],
    ...[remove('/'), check('/'), setData('/', ''), getData('/'), getChildren('/')],
  ].map(({ opcode, read }): [number, (reader: JuteReader) => unknown] => [opcode, read]),
);

export const multi = (...parts: readonly Request[]) => several('multi', 14, parts);
export const multiRead = (...parts: readonly Request[]) => several('multiRead', 22, parts);

function several(
  name: string,
  opcode: number,
  parts: readonly Request[],
): Request<{ results: MultiResult[] }> {
  const writer = new JuteWriter();
  for (const part of parts) writer.int(part.opcode).bool(false).int(-1).raw(part.body);
  writer.int(LAST.type).bool(LAST.done).int(LAST.error);
  return {
    name,
    opcode,
    fields: { parts: parts.map((part) => ({ [part.name]: part.fields })) },
    body: writer.bytes(),
    read: (reader) => ({ results: readResults(reader) }),
  };
}

function readResults(reader: JuteReader): MultiResult[] {
  const results: MultiResult[] = [];
  for (;;) {
    const type = reader.int();
    const done = reader.bool();
    const headerError = reader.int();
    if (done) return results;
    const read = readersByType.get(type);
    if (type === -1) results.push({ error: reader.int(), headerError });
    else if (read) results.push({ type, reply: read(reader) });
    else throw new TypeError(`result ${results.length} is of unknown type ${type}`);
  }
}
