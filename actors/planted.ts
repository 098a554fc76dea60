/**
 * Bugs that the simulation plants to show that its checkers see them. Only `simulation/` and tests may name one
 * (a test guards that); without a name every actor behaves as it should.
 */
export type PlantedBug =
  | 'promise-before-sync'
  | 'majority-counted-wrong'
  | 'ballots-not-compared'
  | 'decided-mark-under-another-ballot'
  | 'promise-leaves-out-accepted-slot'
  | 'sequence-gap-skipped'
  | 'repeat-applied'
  | 'wiped-disk-votes'
  | 'new-members-not-asked'
  | 'observer-votes'
  | 'old-epoch-obeyed'
  | 'update-forgotten-before-acknowledgement'
  | 'resource-freed-twice'
  | 'launch-forgotten-before-acknowledgement'
  | 'status-skipped'
  | 'offer-not-returned'
  | 'event-after-answer'
  | 'read-overtakes-write';

export type PlantedBugs = ReadonlySet<PlantedBug>;
export const NO_PLANTED_BUGS: PlantedBugs = new Set();
