/**
 * The last replies of one session, so that a repeated write gets the reply that it had.
 *
 * Bounded in number and in bytes: the oldest are forgotten first, the last one never. Each is kept as a string of
 * bytes, which costs V8 far less than a small array buffer or the objects it stands for.
 */
import type { Zxid } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { OperationResult } from '../../../protocol/operations.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { HashSum, hasher } from './hash.ts';
import { readResult, writeResult } from './result-codec.ts';

const CAPACITY = limits.sessionOutstanding;
const writer = new ByteWriter();

export class Replies {
  readonly sum = new HashSum();
  private readonly texts: string[] = [];
  private firstKept = 1;
  private last = 0;
  private bytes = 0;

  remember(number: number, zxid: Zxid, wallMs: number, result: OperationResult): void {
    writer.clear();
    writer.varuint(zxid);
    writer.varuint(wallMs);
    writeResult(writer, result, { zxid, wallMs });
    this.put(number, writer.toLatin1());
  }

  /** A reply as `all` gave it. */
  put(number: number, text: string): void {
    if (number !== this.last + 1) this.beginAt(number);
    if (this.count === CAPACITY) this.forgetFirst();
    this.last = number;
    this.texts[number % CAPACITY] = text;
    this.bytes += text.length;
    addHash(this.sum, number, text);
    while (this.bytes > limits.sessionReplyBytes && this.count > 1) this.forgetFirst();
  }

  find(number: number): { readonly zxid: Zxid; readonly result: OperationResult } | undefined {
    if (number < this.firstKept || number > this.last) return undefined;
    const reader = new ByteReader(Buffer.from(this.texts[number % CAPACITY]!, 'latin1'));
    const zxid = reader.varuint() as Zxid;
    const wallMs = reader.varuint();
    return { zxid, result: readResult(reader, { zxid, wallMs }) };
  }

  get count(): number {
    return this.last - this.firstKept + 1;
  }

  /** Number of the oldest that is kept. */
  get first(): number {
    return this.firstKept;
  }

  /** From the oldest to the last. */
  all(): string[] {
    const texts: string[] = [];
    for (let number = this.firstKept; number <= this.last; number++)
      texts.push(this.texts[number % CAPACITY]!);
    return texts;
  }

  get byteLength(): number {
    return this.bytes;
  }

  /** All but the last one. */
  forgetFormer(): void {
    while (this.count > 1) this.forgetFirst();
  }

  clear(): void {
    this.beginAt(1);
  }

  private beginAt(number: number): void {
    this.texts.length = 0;
    this.sum.clear();
    this.bytes = 0;
    this.firstKept = number;
    this.last = number - 1;
  }

  private forgetFirst(): void {
    const text = this.texts[this.firstKept % CAPACITY]!;
    subtractHash(this.sum, this.firstKept, text);
    this.texts[this.firstKept % CAPACITY] = '';
    this.bytes -= text.length;
    this.firstKept += 1;
  }
}

function addHash(sum: HashSum, number: number, text: string): void {
  hash(number, text);
  sum.add(hasher.high, hasher.low);
}

function subtractHash(sum: HashSum, number: number, text: string): void {
  hash(number, text);
  sum.subtract(hasher.high, hasher.low);
}

function hash(number: number, text: string): void {
  hasher.begin(5);
  hasher.number(number);
  hasher.latin1(text);
  hasher.end();
}
