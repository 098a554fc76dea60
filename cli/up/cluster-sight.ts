/** What the supervisor sees of the cluster, asked over NATS as anybody could ask: who leads, who is registered. */
import type { Transport } from '../../actors/actor.ts';
import { decode, encode } from '../../protocol/codec.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { AgentView, ClusterState } from '../../protocol/task-api.ts';
import { isFinal, taskStates } from '../../protocol/task-states.ts';

export interface ClusterSight {
  readonly leadingCoord?: { readonly member: number; readonly ballot: number };
  readonly leadingMaster?: { readonly id: string; readonly epoch: number };
  readonly agents: readonly AgentView[];
  /** Live tasks: submitted and not ended. */
  readonly liveTasks: number;
}

const ANSWER_MS = 400;

export class ClusterSighting {
  private readonly transport: Transport;
  private readonly cluster: string;
  /** Members that have answered at least once: each has its data. */
  readonly coordsSeen = new Set<number>();
  private requests = 0;
  private readonly waiting = new Map<string, (answer: unknown) => void>();

  constructor(transport: Transport, cluster: string) {
    this.transport = transport;
    this.cluster = cluster;
    transport.subscribe(`${transport.inbox}.sight.*`, ({ subject, payload, status }) => {
      const answer = status === undefined ? decode(payload).value : undefined;
      if (isCoord(answer)) this.coordsSeen.add(answer.id);
      this.waiting.get(subject)?.(answer);
    });
  }

  /** Never fails: what does not answer is not seen. */
  async look(): Promise<ClusterSight> {
    const subjects = subjectsOf(this.cluster);
    const [coord, state] = await Promise.all([
      this.ask(subjects.quorumState(), isLeadingCoord),
      this.ask(subjects.clusterState(), isClusterState),
    ]);
    return {
      ...(coord && { leadingCoord: { member: coord.id, ballot: coord.ballot } }),
      ...(state && { leadingMaster: { id: state.leader.masterId, epoch: state.leader.epoch } }),
      agents: state?.agents ?? [],
      liveTasks: state === undefined ? 0 : countLive(state),
    };
  }

  /** The first answer that is what is asked for; undefined when there is none in time. */
  private ask<Answer>(
    subject: string,
    accept: (answer: unknown) => answer is Answer,
  ): Promise<Answer | undefined> {
    this.requests += 1;
    const reply = `${this.transport.inbox}.sight.${this.requests}`;
    return new Promise((resolve) => {
      const end = (answer: Answer | undefined) => {
        clearTimeout(timer);
        this.waiting.delete(reply);
        resolve(answer);
      };
      const timer = setTimeout(() => end(undefined), ANSWER_MS);
      this.waiting.set(reply, (answer) => {
        if (answer === undefined) end(undefined);
        else if (accept(answer)) end(answer);
      });
      this.transport.publish(subject, encode({}, 'msgpack'), { reply });
    });
  }
}

interface CoordState {
  readonly id: number;
  readonly role: string;
  readonly ballot: number;
}

function isCoord(answer: unknown): answer is CoordState {
  const { id, role } = (answer ?? {}) as Partial<CoordState>;
  return typeof id === 'number' && typeof role === 'string';
}

function isLeadingCoord(answer: unknown): answer is CoordState {
  return isCoord(answer) && answer.role === 'leading';
}

function isClusterState(answer: unknown): answer is ClusterState {
  return (answer as Partial<ClusterState>).leader !== undefined;
}

function countLive(state: ClusterState): number {
  return taskStates
    .filter((name) => !isFinal(name))
    .reduce((sum, name) => sum + (state.tasks[name] ?? 0), 0);
}
