/** Fills a tree with many small znodes: a thousand to a parent, as services keep their members or queues their items. */
import { type LoadConnection, openConnection, type Server } from '../load/connection.ts';
import {
  createTemplate,
  numberedCreateTemplate,
  setTemplate,
  type Template,
} from '../load/frames.ts';

const CONNECTIONS = 12;
const OUTSTANDING = 64;
const CHILDREN_EACH = 1000;
/** By each connection. */
const SET_EACH = 1000;
/** Every connection has a parent to itself, and made at least `SET_EACH` znodes, if the servers share them fairly. */
export const ZNODES_MIN = 2 * CONNECTIONS * CHILDREN_EACH;
export const VALUE_BYTES = 128;
export const ROOT = '/million';

/** A znode that is there once the tree is filled. */
export const KNOWN_PATH = `${ROOT}/parent-0000`;

/** Returns how many a second were created. */
export async function fill(servers: readonly Server[], znodes: number): Promise<number> {
  const value = Buffer.alloc(VALUE_BYTES, 'x');
  const parents = Math.ceil(znodes / CHILDREN_EACH);
  const first = await openConnection(servers[0] as Server);
  try {
    await once(first, createTemplate(ROOT, Buffer.alloc(0)));
    for (let parent = 0; parent < parents; parent++)
      await once(first, createTemplate(parentPath(parent), Buffer.alloc(0)));
  } finally {
    first.close();
  }
  const startedAt = performance.now();
  await load(servers, znodes, (connection) =>
    parentsOf(connection, znodes).map((parent) =>
      numberedCreateTemplate(`${parent}/member-`, value),
    ),
  );
  return znodes / ((performance.now() - startedAt) / 1000);
}

/** Returns how many a second were set, of a few thousand of the `znodes` that `fill` has made. */
export async function setMany(
  servers: readonly Server[],
  znodes: number,
  sets: number,
): Promise<number> {
  const value = Buffer.alloc(VALUE_BYTES, 'y');
  const startedAt = performance.now();
  await load(servers, sets, (connection) => {
    const parents = parentsOf(connection, znodes);
    return Array.from({ length: SET_EACH }, (_, index) => {
      // As `fill` has numbered them: its requests went to the parents in turn.
      const name = `member-${String(index).padStart(10, '0')}`;
      return setTemplate(`${parents[index % parents.length]}/${name}`, value);
    });
  });
  return sets / ((performance.now() - startedAt) / 1000);
}

function parentsOf(connection: number, znodes: number): string[] {
  const parents = Array.from({ length: Math.ceil(znodes / CHILDREN_EACH) }, (_, at) => at);
  return parents.filter((parent) => parent % CONNECTIONS === connection).map(parentPath);
}

/** Until so many requests have been answered with success. Rejects at the first that was not. */
async function load(
  servers: readonly Server[],
  count: number,
  templatesOf: (connection: number) => readonly Template[],
): Promise<void> {
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, index) =>
      openConnection(servers[index % servers.length] as Server),
    ),
  );
  try {
    await new Promise<void>((resolve, reject) => {
      let answered = 0;
      connections.forEach((connection, index) => {
        const templates = templatesOf(index);
        let next = 0;
        connection.start(
          OUTSTANDING,
          () => templates[next++ % templates.length] as Template,
          (_now, _latency, error) => {
            if (error !== 0) reject(new Error(`a request was answered with the error ${error}`));
            answered += 1;
            if (answered === count) resolve();
          },
        );
      });
      const watch = setInterval(() => {
        const lost = connections.find(({ broken }) => broken !== undefined)?.broken;
        if (lost !== undefined) reject(lost);
        if (lost !== undefined || answered >= count) clearInterval(watch);
      }, 200);
    });
    await Promise.all(connections.map((connection) => connection.stop()));
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function once(connection: LoadConnection, template: Template): Promise<void> {
  const error = await connection.ask(template);
  if (error !== 0) throw new Error(`a request was answered with the error ${error}`);
}

function parentPath(parent: number): string {
  return `${ROOT}/parent-${String(parent).padStart(4, '0')}`;
}
