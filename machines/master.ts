/**
 * A master: contends for the lead through an ephemeral sequential znode, recovers from the tree, leads, is deposed.
 *
 * A leadership belongs to one session: whatever ends it (the session expired, the candidate's znode gone, a write
 * refused) leads to `deposed`, which throws everything of that leadership away; a new session contends again.
 */
import { setup } from 'xstate';

export const masterMachine = setup({
  types: {
    events: {} as
      | { type: 'SESSION_CONNECTED' }
      | { type: 'SESSION_EXPIRED' }
      | { type: 'ELECTED' }
      | { type: 'RECOVERED' }
      | { type: 'QUORUM_SILENT' }
      | { type: 'QUORUM_HEARD' }
      | { type: 'DEPOSED' }
      | { type: 'STOPPED' },
  },
  actions: {
    openSession: () => undefined,
    enterElection: () => undefined,
    /** Takes the epoch and begins to read the tasks. */
    beginTerm: () => undefined,
    endTerm: () => undefined,
    abandonSession: () => undefined,
    offerEndpoints: () => undefined,
    withdrawEndpoints: () => undefined,
  },
  delays: { reconnectDelay: 500 },
}).createMachine({
  id: 'master',
  initial: 'connecting',
  on: { STOPPED: '.stopped' },
  states: {
    connecting: {
      entry: 'openSession',
      on: { SESSION_CONNECTED: 'contending', SESSION_EXPIRED: 'deposed' },
    },
    contending: {
      entry: 'enterElection',
      on: { ELECTED: 'elected', SESSION_EXPIRED: 'deposed', DEPOSED: 'deposed' },
    },
    elected: {
      entry: 'beginTerm',
      exit: 'endTerm',
      initial: 'recovering',
      on: { DEPOSED: 'deposed', SESSION_EXPIRED: 'deposed' },
      states: {
        recovering: { on: { RECOVERED: 'leading' } },
        leading: {
          initial: 'serving',
          states: {
            serving: {
              entry: 'offerEndpoints',
              exit: 'withdrawEndpoints',
              on: { QUORUM_SILENT: 'silenced' },
            },
            /** The quorum was not heard for so long that another master may lead. */
            silenced: { on: { QUORUM_HEARD: 'serving' } },
          },
        },
      },
    },
    deposed: {
      entry: 'abandonSession',
      after: { reconnectDelay: 'connecting' },
    },
    stopped: { type: 'final', entry: 'abandonSession' },
  },
});
