/**
 * What one session may rely on beside linearizability: time does not go back in its replies, it hears of a change that
 * it watches for before it is shown the change, and the numbers of its sequential nodes rise.
 */
import type { RunRecord } from '../run/record.ts';

export class SessionWitness {
  private readonly client: string;
  private readonly record: RunRecord;
  private lastZxid = 0;
  private lastNumber = -1;
  /** Path → the version that was seen when the watch was set. */
  private readonly watched = new Map<string, number>();

  constructor(client: string, record: RunRecord) {
    this.client = client;
    this.record = record;
  }

  /** The greatest of the replies so far: what is asked from now on must not be answered with less. */
  get zxid(): number {
    return this.lastZxid;
  }

  /** `least` is `zxid` as it was when the request was sent. */
  reply(what: string, zxid: number, least: number): void {
    if (zxid < least)
      this.record.violation(`${this.client}: ${what} was answered at zxid ${zxid} after ${least}`);
    this.lastZxid = Math.max(this.lastZxid, zxid);
  }

  /** A reply has shown this version of the data; `watch`: and has left a watch. */
  shown(path: string, version: number, watch = false): void {
    const watched = this.watched.get(path);
    if (watched !== undefined && version > watched) {
      this.record.violation(
        `${this.client}: was shown version ${version} of ${path} without the event of its watch at version ${watched}`,
      );
      // Said once.
      this.watched.delete(path);
    }
    if (watch && !this.watched.has(path)) this.watched.set(path, version);
  }

  event(path: string): void {
    this.record.count('watch events');
    this.watched.delete(path);
  }

  /** Of a client that does not set them again. */
  watchesLost(): void {
    this.watched.clear();
  }

  sequentialCreated(path: string): void {
    this.record.sequentialCreated(this.client, path);
    const number = Number(/\d{10}$/.exec(path)?.[0]);
    if (!(number > this.lastNumber))
      this.record.violation(`${this.client}: was given ${path} after number ${this.lastNumber}`);
    this.lastNumber = number;
  }
}
