/**
 * Holds answers back while it is not known whether an event was missed: a watch's event is told before any answer that
 * shows what caused it (ZooKeeper promises the same).
 */
import { Fifo } from './fifo.ts';

export class TellingOrder {
  private readonly held = new Fifo<() => void>();
  private holds = 0;
  /** Holds of an earlier session no longer count. */
  private generation = 0;
  private telling = false;

  /** At once, or when nothing holds it back any more and everything before it was told. */
  after(tell: () => void): void {
    if (this.holds === 0 && this.held.length === 0) {
      tell();
      return;
    }
    this.held.push(tell);
    this.drain();
  }

  /** Gives what ends the hold; to be called once. */
  hold(): () => void {
    const { generation } = this;
    this.holds += 1;
    return () => {
      if (generation !== this.generation) return;
      this.holds -= 1;
      this.drain();
    };
  }

  /** Tells everything now: the session has ended. */
  release(): void {
    this.generation += 1;
    this.holds = 0;
    this.drain();
  }

  private drain(): void {
    if (this.telling) return;
    this.telling = true;
    try {
      while (this.holds === 0) {
        const next = this.held.shift();
        if (next === undefined) return;
        next();
      }
    } finally {
      this.telling = false;
    }
  }
}
