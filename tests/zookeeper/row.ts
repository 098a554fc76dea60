/**
 * A row of the comparison: a named sequence of requests on one or more connections. Carried out against a server it
 * gives a transcript, which is the same for every server that behaves the same.
 */
import { Masks } from './masks.ts';
import { Speaker } from './speaker.ts';
import { type Address, WireConnection } from './wire/connection.ts';
import { create, getChildren, type Request, remove } from './wire/requests.ts';
import type { ServerKind } from './zookeeper-server.ts';

/** Everything that rows make is below this znode, which is new and empty at the start of each. */
export const rowRoot = '/t';

export interface Row {
  readonly name: string;
  readonly play: (speakers: Speakers) => Promise<void>;
}

/** Connected when they first ask for something; the finish goes in the order of their names. */
export interface Speakers {
  readonly a: Speaker;
  readonly b: Speaker;
  readonly c: Speaker;
}

/** The rows of one file; names are unique over all files. */
export interface RowGroup {
  readonly group: string;
  /** What it is played to; generous where it is not said. */
  readonly server?: ServerKind;
  readonly rows: readonly Row[];
}

export type Transcript = readonly string[];

export async function play(row: Row, address: Address): Promise<Transcript> {
  const lines: string[] = [];
  const masks = new Masks();
  const speakerOf = (name: string) => new Speaker(name, address, masks, lines);
  const speakers = { a: speakerOf('a'), b: speakerOf('b'), c: speakerOf('c') };
  await withBroom(address, async (ask) => {
    await sweep(ask, rowRoot);
    const made = await ask(create(rowRoot));
    if (!made) throw new Error(`${rowRoot} is still there: the row before this one locked it`);
  });
  await row.play(speakers);
  for (const speaker of [speakers.a, speakers.b, speakers.c]) await speaker.finish();
  await withBroom(address, (ask) => sweep(ask, rowRoot));
  return lines;
}

type Ask = <Body>(request: Request<Body>) => Promise<Body | undefined>;

/** A connection beside the transcript; an error is an answer like any other. */
async function withBroom(address: Address, work: (ask: Ask) => Promise<void>): Promise<void> {
  const connection = await WireConnection.open(address);
  connection.sayHello();
  await connection.next(20_000);
  await work(async (request) => {
    connection.send(request);
    for (;;) {
      const incoming = await connection.next(20_000);
      if (incoming.kind === 'closed') throw new Error(`closed at ${request.name}`);
      if (incoming.kind === 'reply') return incoming.body as never;
    }
  });
  connection.drop();
}

async function sweep(ask: Ask, path: string): Promise<void> {
  const found = await ask(getChildren(path));
  for (const name of found?.children ?? []) await sweep(ask, `${path}/${name}`);
  await ask(remove(path));
}
