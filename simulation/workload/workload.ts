/** A kind of load on the simulated cluster, and what must be true of it in the end. */
export interface Workload {
  /** No new requests. */
  stopIssuing(): void;
  /** Called again and again in the quiet time: asks for what must work now that nothing is wrong any more. */
  probe(): void;
  /** Everything that was asked for has come to an end. */
  isDone(): boolean;
  /** What is still missing, in words. */
  missing(): string;
  /** After the end: compares what clients were told with what is there. */
  check(): void;
}
