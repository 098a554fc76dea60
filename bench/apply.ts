/**
 * `node cli/mesozoo.mjs run bench/apply.ts [NODES] [BYTES] [SETS]`: how fast the state machine alone applies, on one
 * core, without Paxos, disk or NATS; and what a snapshot costs.
 */
import { encodeEntry, encodeOperation } from '../actors/coord/znodes/operation-codec.ts';
import { znodeStates } from '../actors/coord/znodes/znodes.ts';
import type { MemberId, SessionId, SessionIncarnation, Slot } from '../protocol/ids.ts';
import type { Operation, ZnodeOperation } from '../protocol/operations.ts';

const [nodes = 100_000, bytes = 100, sets = 300_000] = process.argv.slice(2).map(Number);
const OPERATIONS_PER_SLOT = 100;
const session = '0000000000000001' as SessionId;
const state = znodeStates.empty({ members: [] });
const data = new Uint8Array(bytes).fill(7);
const acl = [{ permissions: 31, scheme: 'world', id: 'anyone' }];
let number = 0;

function encoded(body: Operation['body'], incarnation: number, own: number): Uint8Array {
  return encodeOperation({
    session,
    incarnation: incarnation as SessionIncarnation,
    number: own,
    tag: own,
    identities: [],
    body,
  });
}

function apply(entry: Uint8Array): number {
  const applied = state.apply((state.slot + 1) as Slot, entry);
  return applied.filter(({ result }) => result.kind === 'error').length;
}

function measure(name: string, count: number, operation: (index: number) => Operation['body']) {
  let failed = 0;
  let appliedMs = 0;
  let slowestMs = 0;
  for (let done = 0; done < count; done += OPERATIONS_PER_SLOT) {
    const operations: Uint8Array[] = [];
    for (let index = done; index < Math.min(count, done + OPERATIONS_PER_SLOT); index++)
      operations.push(encoded(operation(index), 1, ++number));
    const entry = encodeEntry(1_700_000_000_000 + state.slot, operations);
    const before = performance.now();
    failed += apply(entry);
    const tookMs = performance.now() - before;
    appliedMs += tookMs;
    slowestMs = Math.max(slowestMs, tookMs);
  }
  if (failed > 0) throw new Error(`${failed} operations failed`);
  const rate = Math.round((count / appliedMs) * 1000).toLocaleString('en');
  console.log(`${name.padEnd(28)} ${rate.padStart(9)}/s, slowest slot ${slowestMs.toFixed(1)} ms`);
}

function timed<Result>(name: string, run: () => Result): Result {
  const before = performance.now();
  const result = run();
  console.log(`${name.padEnd(28)} ${(performance.now() - before).toFixed(1).padStart(9)} ms`);
  return result;
}

const pathOf = (index: number) => `/node-${String((index * 7919) % nodes).padStart(8, '0')}`;
const create = (path: string): ZnodeOperation => ({
  kind: 'create',
  path,
  data,
  acl,
  ephemeral: false,
  sequential: false,
});
const set = (index: number): ZnodeOperation => ({
  kind: 'set',
  path: pathOf(index),
  data,
  version: -1,
});

apply(
  encodeEntry(0, [
    encoded(
      {
        kind: 'openSession',
        password: new Uint8Array(16),
        timeoutMs: 10_000,
        holder: 1 as MemberId,
        clientNumbered: true,
      },
      0,
      0,
    ),
  ]),
);
console.log(`${nodes} nodes of ${bytes} bytes, ${OPERATIONS_PER_SLOT} operations a slot`);
measure('create', nodes, (index) => create(pathOf(index)));
measure('set', sets, set);
measure('create and delete', sets, (index) =>
  index % 2 === 0
    ? create(`/x-${index}`)
    : { kind: 'delete', path: `/x-${index - 1}`, version: -1 },
);
measure('multi of ten sets', sets / 10, (index) => ({
  kind: 'multi',
  operations: Array.from({ length: 10 }, (_, inner) => set(index * 10 + inner)),
}));
timed('list of children', () => state.children('/', []));
apply(encodeEntry(0, [encoded(create('/another'), 1, ++number)]));
timed('list after a change', () => state.children('/', []));
const reader = timed('begin of a snapshot', () => state.snapshot(64 * 1024));
const chunks = timed('its chunks', () => {
  const all: Uint8Array[] = [];
  for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) all.push(chunk);
  return all;
});
timed('restore', () => znodeStates.restore(chunks));
console.log(`resident memory ${Math.round(process.memoryUsage().rss / 1_048_576)} MiB`);
