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
  private requests = 0;
  private readonly waiting = new Map<string, (answer: unknown) => void>();

  constructor(transport: Transport, cluster: string) {
    this.transport = transport;
    this.cluster = cluster;
    transport.subscribe(`${transport.inbox}.sight.*`, ({ subject, payload, status }) => {
      this.waiting.get(subject)?.(status === undefined ? decode(payload).value : undefined);
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

function isLeadingCoord(answer: unknown): answer is CoordState {
  return (answer as CoordState).role === 'leading';
}

function isClusterState(answer: unknown): answer is ClusterState {
  return (answer as Partial<ClusterState>).leader !== undefined;
}

function countLive(state: ClusterState): number {
  return taskStates
    .filter((name) => !isFinal(name))
    .reduce((sum, name) => sum + (state.tasks[name] ?? 0), 0);
}
