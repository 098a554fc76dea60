/** All charts of machines/: what each is for, what its events mean, and what a walk through it needs. */
import type { AnyStateMachine, EventObject } from 'xstate';
import { agentMachine } from '../agent.ts';
import { attemptMachine } from '../attempt.ts';
import { coordinatorMachine } from '../coordinator.ts';
import { frameworkMachine } from '../framework.ts';
import { launchMachine } from '../launch.ts';
import { masterMachine } from '../master.ts';
import { subscriptionMachine } from '../subscription.ts';
import { taskMachine } from '../task.ts';

export interface Chart {
  /** The file in machines/ and the machine's id. */
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** One sentence for who has not seen it yet. */
  readonly purpose: string;
  /** What each event says has happened. */
  readonly events: Readonly<Record<string, string>>;
  /** Payloads that lead to different places; events that are not named here carry none. */
  readonly samples?: Readonly<Record<string, readonly Omit<EventObject, 'type'>[]>>;
  /** Where walks begin. */
  readonly inputs: readonly unknown[];
}

export const charts: readonly Chart[] = [
  {
    name: 'coordinator',
    machine: coordinatorMachine,
    purpose:
      'The role of one member of the quorum: it recovers, catches up where its disk may not vote yet, observes while no vote of it counts, follows a leader, and stands for election when it hears none.',
    events: {
      RECOVERED: 'the log was read; `mayVote` is false for a disk that is new or lost something',
      ADMITTED: 'a decided configuration names this disk, and everything up to it is on it',
      RETIRED: 'a decided configuration has this member as an observer, or not at all',
      LEADER_LOST: 'no word from a leader for an election timeout',
      PRE_VOTE_WON: 'a majority would follow this member',
      ELECTED: 'a majority has promised this member’s ballot',
      SUPERSEDED: 'somebody leads, or has been promised, a greater ballot',
      ELECTION_TIMED_OUT: 'no majority answered the pre-vote or the prepare in time',
      MAJORITY_LOST: 'the leader’s majority is silent, or the leader is no member any more',
      HANDED_OVER: 'the leader leaves the lead to the others, which are clearly quicker',
      STOPPED: 'the process ends',
    },
    samples: { RECOVERED: [{ mayVote: true }, { mayVote: false }] },
    inputs: [undefined],
  },
  {
    name: 'master',
    machine: masterMachine,
    purpose:
      'A master: it contends for the lead with an ephemeral sequential znode, recovers from the tree, leads, and throws everything of a leadership away when its session or its znode is gone.',
    events: {
      SESSION_CONNECTED: 'a coord holds the master’s session',
      SESSION_EXPIRED: 'the quorum has ended the session, and with it the candidate’s znode',
      ELECTED: 'the candidate’s znode is the lowest',
      RECOVERED: 'tasks, agents and frameworks are read from the tree',
      QUORUM_SILENT: 'the quorum was not heard for so long that another master may lead',
      QUORUM_HEARD: 'the quorum answers again, in the same session',
      DEPOSED: 'the candidate’s znode is gone, or a write of this leadership was refused',
      STOPPED: 'the process ends',
    },
    inputs: [undefined],
  },
  {
    name: 'agent',
    machine: agentMachine,
    purpose:
      'An agent towards the masters: it finds again what it ran, looks for the leader, registers, and registers anew whenever the leader has changed or fallen silent; its tasks run on meanwhile.',
    events: {
      RECOVERED: 'the journal is read and every attempt in it has been found again',
      LEADER_DETECTED: 'a master leads that the agent is not registered with',
      LEADER_LOST: 'no master leads',
      REGISTERED: 'the leader has registered the agent, and its epoch is on disk',
      PINGS_MISSED: 'the leader was not heard for the time that it promised to be heard in',
      REGISTRATION_ASKED: 'the leader does not know this agent',
      STOP_ASKED: 'the process is to end',
      DRAINED: 'no attempt runs, and what could be acknowledged in time has been',
    },
    inputs: [undefined],
  },
  {
    name: 'task',
    machine: taskMachine,
    purpose:
      'A task, from its request to its one final state, in Mesos’ states with blocked and queued before staging; the leading master runs it, the tree holds its snapshot.',
    events: {
      DEPENDENCIES_FINISHED: 'every task in `dependsOn` has finished',
      DEPENDENCY_FAILED: 'a task in `dependsOn` has ended without finishing',
      LAUNCHED: 'the allocator has found an agent, and the decision is in the tree',
      RETRY_DUE: 'the delay before the next attempt is over',
      KILL_REQUESTED: 'somebody wants the task ended',
      ATTEMPT_STAGING: 'the agent is back and has not started the attempt yet',
      ATTEMPT_STARTING: 'the agent is starting the attempt',
      ATTEMPT_RUNNING: 'the attempt’s process runs',
      ATTEMPT_FINISHED: 'it exited with 0',
      ATTEMPT_FAILED: 'it exited with something else, or could not be launched',
      ATTEMPT_KILLED: 'it was ended by the agent',
      ATTEMPT_LOST: 'nobody can say how it ended, or it was given up with its agent',
      ATTEMPT_REFUSED:
        'its agent did not take the launch, so it never ran: the attempt is given back',
      AGENT_UNREACHABLE: 'the agent was not heard for too long',
    },
    inputs: [{ attempts: 2 }],
  },
  {
    name: 'launch',
    machine: launchMachine,
    purpose:
      'A launched task as the leading master holds it for its framework, from the accepted offer until the framework has acknowledged how it ended.',
    events: {
      KILL_REQUESTED: 'the framework wants it ended, or is torn down',
      ATTEMPT_STAGING: 'the agent is back and has not started it yet',
      ATTEMPT_STARTING: 'the agent is starting it',
      ATTEMPT_RUNNING: 'its process runs',
      ATTEMPT_FINISHED: 'it exited with 0',
      ATTEMPT_FAILED: 'it exited with something else, or could not be launched',
      ATTEMPT_KILLED: 'it was ended by the agent',
      ATTEMPT_LOST:
        'nobody can say how it ended, it was given up with its agent, or the agent refused it',
      AGENT_UNREACHABLE: 'the agent was not heard for too long',
      END_ACKNOWLEDGED: 'the framework has acknowledged the last of its statuses',
    },
    inputs: [undefined],
  },
  {
    name: 'attempt',
    machine: attemptMachine,
    purpose:
      'One try of a task, as its agent lives through it: from the durable note that it is to run to the acknowledgement of its last status update.',
    events: {
      CHECKPOINTED: 'the order is on disk',
      REFUSED: 'it is not to run here: it does not fit, or nobody knows it',
      STARTED: 'its process runs',
      LAUNCH_FAILED: 'its process could not be started',
      KILL_ASKED: 'an order, the task’s deadline or the agent’s own stop wants it ended',
      GIVEN_UP: 'its task was decided without it: ended too, and nothing more is said of it',
      EXITED: 'its process is gone',
      ACKNOWLEDGED: 'its last update is in the tree',
    },
    samples: {
      KILL_ASKED: [{ graceMs: 3000 }, { graceMs: 100 }],
      GIVEN_UP: [{ graceMs: 3000 }, { graceMs: 100 }],
    },
    inputs: [{ attemptId: 'task.1', graceMs: 3000 }],
  },
  {
    name: 'framework',
    machine: frameworkMachine,
    purpose:
      'A framework as the master sees it, with Mesos’ subscription, suppression and failover: resources are offered to one that is subscribed and not suppressed.',
    events: {
      SUBSCRIBE_RECEIVED: 'an instance of the framework wants to subscribe',
      SUBSCRIBED: 'the subscription is recorded, and the framework has been told',
      RECOVERED: 'a new leader has found it in the tree',
      SUPPRESSED: 'the framework wants no offers for now',
      REVIVED: 'it wants offers again',
      DISCONNECTED: 'its connection is gone',
      TORN_DOWN: 'it, or an operator, wants it ended with all its tasks',
    },
    samples: { SUBSCRIBE_RECEIVED: [{ failoverTimeoutMs: 1000 }] },
    inputs: [{ failoverTimeoutMs: 1000 }],
  },
  {
    name: 'subscription',
    machine: subscriptionMachine,
    purpose:
      'A framework’s subscription as the framework lives through it: subscribed anew whenever the leading master changes, the connection breaks or an event is lost, until the framework is over for good.',
    events: {
      OPENED: 'the framework wants to be subscribed',
      CONNECTED: 'there is a connection to NATS',
      DISCONNECTED: 'the connection to NATS is gone: what was under way may be lost',
      SUBSCRIBED: 'the master has answered, and its event SUBSCRIBED is here',
      PUT_OFF: 'nobody leads, or the leader has no time now',
      REJECTED: 'the master does not take such a framework',
      LOST: 'an event or an answer is missing, or the master does not know the subscription',
      DISMISSED: 'the master has ended the subscription: another instance took its place',
      TORN_DOWN: 'the framework is ended: its id can never subscribe again',
      CLOSED: 'the framework’s process leaves',
    },
    inputs: [undefined],
  },
];
