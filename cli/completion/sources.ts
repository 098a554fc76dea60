/** What may stand for a placeholder: from the cluster, the configuration file, or the shell itself. */
import { actorKinds } from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';
import type { ClusterState, Metrics, TaskReplies } from '../../protocol/task-api.ts';
import { isFinal, taskStates } from '../../protocol/task-states.ts';
import type { ZnodeReplies } from '../../protocol/znode-api.ts';
import { configPath, readConfigFile } from '../config/config-file.ts';
import type { Connection } from '../connection.ts';
import type { Candidate, Wanted } from './wanted.ts';

/** What the shell completes by itself. */
export type ShellDirective = 'files' | 'directories' | 'commands';

export interface Found {
  readonly candidates: readonly Candidate[];
  /** More belongs to the word. */
  readonly isOpen?: boolean;
}

export interface SourceParts {
  readonly wanted: Wanted;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws where there is no cluster. */
  connect(): Promise<Connection>;
}

type Source = ShellDirective | ((parts: SourceParts) => Found | Promise<Found>);

/** Whoever presses a key waits: an answer that does not come soon is none. */
const options = { deadlineMs: 600, patienceMs: 0, repeatable: true };
const TASKS_MAX = limits.listPage;

/** By the placeholder's name in the usage. */
export const sources: Readonly<Record<string, Source>> = {
  task: (parts) => tasks(parts),
  tasks: (parts) => tasks(parts),
  'task-name': (parts) => tasks(parts, 'names'),
  states: () => words(taskStates.map((state) => state.slice('TASK_'.length).toLowerCase())),
  queue: queues,
  agent: agents,
  path: znodes,
  actor: actors,
  coord: coords,
  context: contexts,
  level: () => words(['debug', 'info', 'warn', 'error']),
  job: 'files',
  file: 'files',
  dir: 'directories',
  command: 'commands',
};

/** What nobody can guess. */
export const freePlaceholders: readonly string[] = [
  ...[
    'acl',
    'address',
    'attempts',
    'count',
    'data',
    'key',
    'n',
    'name',
    'NAME=VALUE',
    'number',
    'size',
  ],
  ...['server', 'time', 'url', 'user:password', 'new-context'],
];

function words(values: readonly string[]): Found {
  return { candidates: values.map((value) => ({ value })) };
}

async function tasks({ connect, wanted }: SourceParts, what = 'all'): Promise<Found> {
  const { subjects, ask } = await connect();
  const isLive = wanted.command.name() === 'kill';
  const request = {
    order: 'newest',
    limit: TASKS_MAX,
    ...(isLive && { states: taskStates.filter((state) => !isFinal(state)) }),
  };
  const { tasks: found } = await ask<TaskReplies['list']>(subjects.task('list'), request, options);
  const names = new Map(
    found.map(({ name, state }) => [name, { value: name, description: `newest is ${state}` }]),
  );
  // The first of a name is the newest.
  for (const { name, state } of found.toReversed())
    names.set(name, { value: name, description: `newest is ${state}` });
  const ids = found.map(({ taskId, name, state }) => ({
    value: taskId,
    description: `${name} ${state}`,
  }));
  return { candidates: what === 'names' ? [...names.values()] : [...names.values(), ...ids] };
}

async function queues({ connect }: SourceParts): Promise<Found> {
  const { subjects, ask } = await connect();
  const metrics = await ask<Metrics>(subjects.metrics(), {}, options);
  return {
    candidates: Object.entries(metrics.queues).map(([value, { waiting, running }]) => ({
      value,
      description: `${waiting} wait, ${running} run`,
    })),
  };
}

async function agents({ connect }: SourceParts): Promise<Found> {
  const { subjects, ask } = await connect();
  const state = await ask<ClusterState>(subjects.clusterState(), {}, options);
  return {
    candidates: state.agents.map(({ agentId, hostname, state: standing }) => ({
      value: agentId,
      description: `${hostname} ${standing}`,
    })),
  };
}

async function coords({ connect }: SourceParts): Promise<Found> {
  const { subjects, ask } = await connect();
  const state = await ask<ClusterState>(subjects.clusterState(), {}, options);
  return {
    candidates: state.coords.map(({ id, role }) => ({ value: String(id), description: role })),
  };
}

/** Kinds, and after the dot the actors of a kind that the cluster tells of. */
async function actors({ connect, wanted }: SourceParts): Promise<Found> {
  const [kind, id] = wanted.prefix.split('.');
  if (id === undefined) return { ...words(actorKinds), isOpen: true };
  const { subjects, ask } = await connect();
  const state = await ask<ClusterState>(subjects.clusterState(), {}, options);
  const ids: Readonly<Record<string, readonly (string | number)[]>> = {
    coordinator: state.coords.map((coord) => coord.id),
    master: [state.leader.masterId],
    agent: state.agents.map(({ agentId }) => agentId),
    framework: state.frameworks.map(({ frameworkId }) => frameworkId),
  };
  return words((ids[kind ?? ''] ?? []).map((each) => `${kind}.${each}`));
}

/** Children of what stands before the last slash. A single one that has children itself is left open. */
async function znodes({ connect, wanted }: SourceParts): Promise<Found> {
  const { prefix, auth } = wanted;
  const slash = prefix.lastIndexOf('/');
  if (slash < 0) return prefix === '' ? { candidates: [{ value: '/' }], isOpen: true } : words([]);
  const { subjects, ask } = await connect();
  const identity = auth === undefined ? {} : { auth: [{ scheme: 'digest', auth }] };
  const childrenOf = (path: string) =>
    ask<ZnodeReplies['children']>(
      subjects.znode('children'),
      { path, linearizable: false, ...identity },
      options,
    );
  const parent = prefix.slice(0, slash);
  const { children } = await childrenOf(parent === '' ? '/' : parent);
  const found = children
    .map((name) => `${parent}/${name}`)
    .filter((path) => path.startsWith(prefix));
  if (found.length !== 1) return { ...words(found), isOpen: true };
  const below = await childrenOf(found[0]!);
  return { ...words(found), isOpen: below.children.length > 0 };
}

function contexts({ wanted, env }: SourceParts): Found {
  const place = configPath(wanted.address.config, env);
  const config = place === undefined ? undefined : readConfigFile(place.path);
  return {
    candidates: Object.entries(config?.contexts ?? {}).map(([value, { nats }]) => ({
      value,
      // A password may stand in an address.
      description: [nats]
        .flat()
        .join(',')
        .replaceAll(/[^/,]*@/g, ''),
    })),
  };
}
