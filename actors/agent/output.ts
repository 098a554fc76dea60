/**
 * The output of attempts: pieces that a master asks for, and, while somebody holds a lease, what is written from then
 * on, published in pieces of bounded size and at a bounded rate.
 */
import { dataForJson, encode, wholeCharacters } from '../../protocol/codec.ts';
import type { AttemptId, TaskId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import type { OutputChunk } from '../../protocol/task-api.ts';
import type { Clock, Processes, Timer, Transport } from '../actor.ts';

/** Pieces of one stream at each look: what is written faster is published later. */
const CHUNKS_PER_LOOK = 4;
/** Followed at one time; each costs two looks at a file, ten times a second. */
const FOLLOWED_MAX = 200;
const streams = ['stdout', 'stderr'] as const;
type Stream = (typeof streams)[number];

export interface OutputOptions {
  readonly processes: Processes;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly subjects: Subjects;
  readonly followIntervalMs: number;
  readonly knows: (attemptId: AttemptId) => boolean;
  readonly isLive: (attemptId: AttemptId) => boolean;
}

interface Followed {
  readonly taskId: TaskId;
  leaseEndsMs: number;
  readonly offsets: Record<Stream, number>;
}

export class Output {
  private readonly options: OutputOptions;
  private readonly followed = new Map<AttemptId, Followed>();
  private timer: Timer | undefined;

  constructor(options: OutputOptions) {
    this.options = options;
  }

  read(
    attemptId: AttemptId,
    stream: Stream,
    offset: number,
    length: number,
  ): { found: boolean; data: Uint8Array; offset: number; size: number } {
    const bounded = Math.min(length, limits.outputChunkBytes);
    const piece = this.options.processes.readOutput(attemptId, stream, offset, bounded);
    return {
      found: piece !== undefined || this.options.knows(attemptId),
      data: piece === undefined ? new Uint8Array(0) : textPiece(piece, offset),
      offset,
      size: piece?.size ?? 0,
    };
  }

  /** Begins or renews a lease. The offsets say where the next published pieces begin. */
  follow(
    attemptId: AttemptId,
    taskId: TaskId,
    leaseMs: number,
  ): { found: boolean; stdoutOffset: number; stderrOffset: number } {
    const leaseEndsMs = this.options.clock.monotonicMs() + Math.min(leaseMs, limits.followLeaseMs);
    let followed = this.followed.get(attemptId);
    if (followed === undefined) {
      const sizes = {
        stdout: this.sizeOf(attemptId, 'stdout'),
        stderr: this.sizeOf(attemptId, 'stderr'),
      };
      const found = sizes.stdout !== undefined || this.options.knows(attemptId);
      if (!found || this.followed.size >= FOLLOWED_MAX)
        return { found: false, stdoutOffset: 0, stderrOffset: 0 };
      const offsets = { stdout: sizes.stdout ?? 0, stderr: sizes.stderr ?? 0 };
      followed = { taskId, leaseEndsMs, offsets };
      this.followed.set(attemptId, followed);
      this.arm();
    }
    followed.leaseEndsMs = leaseEndsMs;
    return {
      found: true,
      stdoutOffset: followed.offsets.stdout,
      stderrOffset: followed.offsets.stderr,
    };
  }

  stop(): void {
    this.timer?.cancel();
    this.followed.clear();
  }

  private arm(): void {
    if (this.timer !== undefined || this.followed.size === 0) return;
    this.timer = this.options.clock.after(this.options.followIntervalMs, () => {
      this.timer = undefined;
      for (const [attemptId, followed] of this.followed) this.look(attemptId, followed);
      this.arm();
    });
  }

  private look(attemptId: AttemptId, followed: Followed): void {
    if (this.options.clock.monotonicMs() > followed.leaseEndsMs) {
      this.followed.delete(attemptId);
      return;
    }
    // Asked first: what was written before an end that is seen here is published before the word "end".
    const live = this.options.isLive(attemptId);
    const readAll = streams.map((stream) => this.publishNew(attemptId, followed, stream));
    if (live || readAll.includes(false)) return;
    for (const stream of streams)
      this.publish(followed, stream, {
        taskId: followed.taskId,
        attemptId,
        offset: followed.offsets[stream],
        data: '',
        end: true,
      });
    this.followed.delete(attemptId);
  }

  /** Says whether all that there is has been published. */
  private publishNew(attemptId: AttemptId, followed: Followed, stream: Stream): boolean {
    for (let count = 0; count < CHUNKS_PER_LOOK; count++) {
      const offset = followed.offsets[stream];
      const piece = this.options.processes.readOutput(
        attemptId,
        stream,
        offset,
        limits.outputChunkBytes,
      );
      if (piece === undefined || piece.bytes.length === 0) return true;
      const bytes = textPiece(piece, offset);
      followed.offsets[stream] = offset + bytes.length;
      this.publish(followed, stream, {
        taskId: followed.taskId,
        attemptId,
        offset,
        ...dataForJson(bytes),
      });
      if (followed.offsets[stream] >= piece.size) return true;
    }
    return false;
  }

  private publish(followed: Followed, stream: Stream, chunk: OutputChunk): void {
    const { transport, subjects } = this.options;
    transport.publish(subjects.taskLogs(followed.taskId, stream), encode(chunk, 'json'));
  }

  private sizeOf(attemptId: AttemptId, stream: Stream): number | undefined {
    return this.options.processes.readOutput(attemptId, stream, 0, 0)?.size;
  }
}

/** Where more has been written than the piece holds, a character that it cuts in two is left to the next one. */
function textPiece(
  { bytes, size }: { bytes: Uint8Array; size: number },
  offset: number,
): Uint8Array {
  return offset + bytes.length < size ? bytes.subarray(0, wholeCharacters(bytes)) : bytes;
}
