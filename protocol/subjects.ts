/**
 * Every NATS subject of the system, who publishes on it and who listens. No subject string stands anywhere else.
 * `docs/reference/subjects.md` is generated from this table, and infra/nats.conf is tested against it.
 */
import { assert } from './errors.ts';
import type { AgentId, Epoch, MasterId, MemberId, TaskId } from './ids.ts';
import type { TaskRequestName } from './task-api.ts';
import type { SessionReplies, ZnodeRequestName } from './znode-api.ts';

export type Role = 'coord' | 'master' | 'agent' | 'client';

export interface SubjectRow {
  /** `*` stands for one token, `>` for the rest; without the cluster's name, which is the first token. */
  readonly pattern: string;
  readonly publishes: readonly Role[];
  readonly listens: readonly Role[];
  readonly kind: 'request' | 'event' | 'message';
  readonly description: string;
}

const everyone: readonly Role[] = ['coord', 'master', 'agent', 'client'];
const actors: readonly Role[] = ['coord', 'master', 'agent'];
const task = (name: TaskRequestName, description: string): SubjectRow => ({
  pattern: `task.${name}`,
  publishes: everyone,
  listens: ['master'],
  kind: 'request',
  description,
});
const znode = (name: ZnodeRequestName, description: string): SubjectRow => ({
  pattern: `znode.${name}`,
  publishes: everyone,
  listens: ['coord'],
  kind: 'request',
  description,
});
const session = (name: keyof SessionReplies, description: string): SubjectRow => ({
  pattern: `session.${name}`,
  publishes: everyone,
  listens: ['coord'],
  kind: 'request',
  description,
});

export const subjectTable: readonly SubjectRow[] = [
  task('submit', 'Submits a task; answered when the tree has it.'),
  task('get', 'One task: its request, state, attempt and history.'),
  task('list', 'Tasks in pages, by filter.'),
  task('kill', 'Kills a task: SIGTERM, then after a grace SIGKILL.'),
  task('explain', 'Why a task is where it is, and what it waits for.'),
  task('output', 'A piece of what a task has written.'),
  task('follow', 'Lease on the live output of a task.'),
  {
    pattern: 'task.events.*',
    publishes: ['master'],
    listens: everyone,
    kind: 'event',
    description: 'Every change of state of a task, after it was decided.',
  },
  {
    pattern: 'task.logs.*.stdout',
    publishes: ['agent'],
    listens: everyone,
    kind: 'event',
    description: 'What a followed task writes to stdout.',
  },
  {
    pattern: 'task.logs.*.stderr',
    publishes: ['agent'],
    listens: everyone,
    kind: 'event',
    description: 'What a followed task writes to stderr.',
  },
  znode('create', 'Creates a znode: persistent, ephemeral (in a session) or sequential.'),
  znode('get', "A znode's data and Stat."),
  znode('set', "Replaces a znode's data."),
  znode('delete', 'Deletes a znode without children.'),
  znode('exists', 'Whether a znode exists, and its Stat.'),
  znode('children', 'Names of the children, in pages.'),
  znode('multi', 'Several writes, all or nothing.'),
  znode('sync', 'Answers when this member has applied all that was decided before.'),
  znode('acl.get', 'The access control list of a znode.'),
  znode('acl.set', 'Replaces the access control list of a znode.'),
  znode(
    'reconfig',
    'Changes the members of the quorum; answered when those who leave can be stopped.',
  ),
  session('open', 'Opens a session, or attaches one to the member that answers.'),
  session('ping', 'Keeps a session alive; any request of the session does so too.'),
  session('close', 'Closes a session; its ephemerals go with it.'),
  {
    pattern: 'session.at.*.>',
    publishes: everyone,
    listens: ['coord'],
    kind: 'request',
    description:
      'Requests of a session, to the member that holds it: `<holder>.<znode request>`, `<holder>.ping`.',
  },
  {
    pattern: 'cluster.state',
    publishes: everyone,
    listens: ['master'],
    kind: 'request',
    description: 'Agents, masters, coords and counts of tasks.',
  },
  {
    pattern: 'metrics.get',
    publishes: everyone,
    listens: ['master'],
    kind: 'request',
    description: 'RAR, TSD, RU, TSR and counters.',
  },
  {
    pattern: 'framework.call',
    publishes: everyone,
    listens: ['master'],
    kind: 'request',
    description: "A call of a framework, in Mesos' form: SUBSCRIBE, ACCEPT, DECLINE, KILL, …",
  },
  {
    pattern: 'inspect.start',
    publishes: everyone,
    listens: actors,
    kind: 'request',
    description:
      'Lease on the inspection of actors: of all, a kind, or one. Every process that hosts actors answers.',
  },
  {
    pattern: 'inspect.*.>',
    publishes: actors,
    listens: everyone,
    kind: 'event',
    description:
      'What an inspected actor does, `<kind>.<id>`, in the form of `@statelyai/inspect`, as JSON.',
  },
  {
    pattern: 'quorum.all',
    publishes: ['coord'],
    listens: ['coord'],
    kind: 'message',
    description: 'Messages of the leading coord to all members.',
  },
  {
    pattern: 'quorum.member.*',
    publishes: ['coord'],
    listens: ['coord'],
    kind: 'message',
    description: 'Messages to one member.',
  },
  {
    pattern: 'quorum.bulk.*',
    publishes: ['coord'],
    listens: ['coord'],
    kind: 'message',
    description: 'Snapshots and catch-up, on a connection of its own.',
  },
  {
    pattern: 'quorum.state',
    publishes: ['coord', 'master'],
    listens: ['coord'],
    kind: 'request',
    description: 'Every member answers: role, ballot, decided slot, zxid.',
  },
  {
    pattern: 'master.to.*',
    publishes: ['agent'],
    listens: ['master'],
    kind: 'message',
    description: 'Registration, status updates and usage of agents to a master.',
  },
  {
    pattern: 'agent.to.*',
    publishes: ['master'],
    listens: ['agent'],
    kind: 'message',
    description: 'Orders of a master to an agent; each carries the epoch.',
  },
];

/** What the table says of a pattern that stands in it. */
export function descriptionOf(pattern: string): string {
  const row = subjectTable.find((each) => each.pattern === pattern);
  assert(row !== undefined, `${pattern} is a subject of the table`);
  return row.description;
}

/** Where a role's connections listen for answers; clients use the NATS default. */
export const inboxPrefixes: Readonly<Record<Role, string>> = {
  coord: '_MZ_INBOX.coord',
  master: '_MZ_INBOX.master',
  agent: '_MZ_INBOX.agent',
  client: '_INBOX',
};

/**
 * A reply subject, or the subject for watch events, is chosen by the asker but published on with our rights:
 * anything but an inbox would let a client speak with our voice.
 */
export function isInbox(subject: string): boolean {
  return (
    (subject.startsWith('_INBOX.') || subject.startsWith('_MZ_INBOX.')) &&
    !/[\s*>]/.test(subject) &&
    !subject.includes('..') &&
    !subject.endsWith('.')
  );
}

/**
 * Members of one queue share the requests. Each leadership has a queue of its own: a paused former leader that could
 * not withdraw then takes no share from the new one, which gets every request too.
 */
export const queues = {
  coords: 'coords',
  leadingMaster: (epoch: Epoch) => `leading-master-${epoch}`,
} as const;

/** Builds the subjects of one cluster; `mz` by default. */
export function subjectsOf(cluster: string) {
  return {
    task: (name: TaskRequestName) => `${cluster}.task.${name}`,
    taskEvents: (id: TaskId | '*') => `${cluster}.task.events.${id}`,
    taskLogs: (id: TaskId | '*', stream: 'stdout' | 'stderr') =>
      `${cluster}.task.logs.${id}.${stream}`,
    znode: (name: ZnodeRequestName) => `${cluster}.znode.${name}`,
    session: (name: keyof SessionReplies) => `${cluster}.session.${name}`,
    /** `run` is new at each start of the member: requests to a former run find no responder, and the client attaches anew. */
    atMember: (member: MemberId, run: string) => `${cluster}.session.at.${member}-${run}.>`,
    /**
     * `token` is new with each attachment and known to the session's client alone: who knows only the id of a session,
     * which every Stat of its ephemerals tells, can ask nothing in its name.
     */
    holder: (member: MemberId, run: string, token: string) =>
      `${cluster}.session.at.${member}-${run}.${token}`,
    atHolder: (holder: string, name: ZnodeRequestName | 'ping') => `${holder}.${name}`,
    clusterState: () => `${cluster}.cluster.state`,
    metrics: () => `${cluster}.metrics.get`,
    frameworkCall: () => `${cluster}.framework.call`,
    inspectStart: () => `${cluster}.inspect.start`,
    /** Ids may have dots, as those of attempts have; what no subject can hold is replaced. */
    inspect: (kind: string, id: string) =>
      `${cluster}.inspect.${kind}.${id.replace(/[^\x21-\x7e]|[*>]|^\.|\.$|\.(?=\.)/g, '_')}`,
    /** For listeners: of all actors, or of one kind. */
    inspectAll: (kind: string | '*' = '*') => `${cluster}.inspect.${kind}.>`,
    quorumAll: () => `${cluster}.quorum.all`,
    quorumMember: (member: MemberId) => `${cluster}.quorum.member.${member}`,
    quorumBulk: (member: MemberId) => `${cluster}.quorum.bulk.${member}`,
    quorumState: () => `${cluster}.quorum.state`,
    toMaster: (id: MasterId) => `${cluster}.master.to.${id}`,
    toAgent: (id: AgentId) => `${cluster}.agent.to.${id}`,
  };
}
export type Subjects = ReturnType<typeof subjectsOf>;
