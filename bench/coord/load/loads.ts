/** The loads of the comparison: what every connection sends, and how much of it at once. */
import {
  createTemplate,
  getTemplate,
  numberedCreateTemplate,
  setTemplate,
  type Template,
} from './frames.ts';

export interface Load {
  readonly title: string;
  readonly connections: number;
  readonly outstanding: number;
  readonly valueBytes: number;
  /** What one connection sends, request after request. `under` is a znode of this run alone, which holds `ZNODE_COUNT` more. */
  requests(under: string, connection: number, value: Buffer): () => Template;
}

export const ZNODE_COUNT = 64;
const many = { connections: 12, outstanding: 64, valueBytes: 128 };
const alone = { connections: 1, outstanding: 1, valueBytes: 128 };

export const loads = {
  set: { title: 'set', ...many, requests: sets },
  create: { title: 'create', ...many, requests: creates },
  get: { title: 'get', ...many, requests: gets },
  mixed: { title: '90 % get, 10 % set', ...many, requests: mixed },
  'one-set': { title: 'one set at a time', ...alone, requests: sets },
  'one-get': { title: 'one get at a time', ...alone, requests: gets },
  'set-1k': { title: 'set of 1 KB', ...many, valueBytes: 1024, requests: sets },
} as const satisfies Record<string, Load>;

export type LoadName = keyof typeof loads;

export function isLoadName(name: string): name is LoadName {
  return Object.hasOwn(loads, name);
}

/** What has to be there before the load begins. */
export function preparation(under: string, value: Buffer): readonly Template[] {
  return [
    createTemplate(under, Buffer.alloc(0)),
    ...Array.from({ length: ZNODE_COUNT }, (_, index) =>
      createTemplate(`${under}/${index}`, value),
    ),
  ];
}

function sets(under: string, connection: number, value: Buffer): () => Template {
  return inTurn(
    paths(under).map((path) => setTemplate(path, value)),
    connection,
  );
}

function gets(under: string, connection: number): () => Template {
  return inTurn(paths(under).map(getTemplate), connection);
}

/** Every connection makes names of its own. */
function creates(under: string, connection: number, value: Buffer): () => Template {
  const template = numberedCreateTemplate(`${under}/c${connection}-`, value);
  return () => template;
}

function mixed(under: string, connection: number, value: Buffer): () => Template {
  const get = gets(under, connection);
  const set = sets(under, connection, value);
  let sent = connection;
  return () => (sent++ % 10 === 0 ? set() : get());
}

function paths(under: string): string[] {
  return Array.from({ length: ZNODE_COUNT }, (_, index) => `${under}/${index}`);
}

function inTurn(templates: readonly Template[], from: number): () => Template {
  let next = from;
  return () => {
    const template = templates[next++ % templates.length];
    if (template === undefined) throw new Error('a load without requests');
    return template;
  };
}
