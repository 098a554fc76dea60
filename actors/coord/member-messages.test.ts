import { expect, it } from 'vitest';
import type { Ballot, DiskId, MemberId, SessionId, Slot } from '../../protocol/ids.ts';
import { decodeMemberMessage, encodeMemberMessage, type MemberMessage } from './member-messages.ts';
import { framesOf } from './znodes/operation-frames.ts';

const from = 3 as MemberId;
const slot = 1000 as Slot;
const bytes = Uint8Array.of(1, 2, 3);

/** One of each type. */
const messages = {
  forward: {
    ...{ from, stream: '3-run-1', ballot: 259 as Ballot, after: 4, runs: [5, 2] },
    operations: framesOf([bytes, Uint8Array.of(4)]),
  },
  resend: { from, stream: '3-run-1', taken: 7 },
  touched: { from, sessions: ['0123456789abcdef' as SessionId] },
  readIndex: { from, id: 8 },
  readIndexAnswer: { from, id: 8, slot },
  clusterAsked: { from },
  clusterTold: { from, clusterId: 'cluster' },
  digestTold: { from, slot, format: 1, digest: '0123456789abcdef' },
  leaving: { from, ballot: 259 as Ballot },
  paceAsked: { from, round: 11 },
  paceTold: { from, round: 11 },
  foundSlow: { from, ballot: 259 as Ballot },
  announced: { from, disk: 'disk-3' as DiskId, address: 'a:2888:3888;a:2181', storedUpTo: slot },
  reconfigAsked: {
    ...{ from, request: '3-run-1', joining: 'server.4=…', leaving: null, newMembers: null },
    ...{ version: -1, identities: [{ scheme: 'digest', id: 'user:hash' }], after: slot },
  },
  reconfigRefused: { from, request: '3-run-1', code: 'BAD_REQUEST', reason: 'it is wrong' },
  probe: { from },
  snapshotRead: { from, slot, offset: 9, length: 10 },
  snapshotPiece: { from, slot, offset: 9, size: 100, bytes },
} as const satisfies {
  [Type in MemberMessage['type']]: Omit<Extract<MemberMessage, { type: Type }>, 'type'>;
};

it.each(Object.entries(messages))('%s arrives as it was sent', (type, fields) => {
  const message = { type, ...fields } as MemberMessage;
  const arrived = decodeMemberMessage(encodeMemberMessage(message));
  expect(JSON.parse(JSON.stringify(arrived))).toEqual(JSON.parse(JSON.stringify(message)));
});
