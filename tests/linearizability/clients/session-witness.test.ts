import { describe, expect, it } from 'vitest';
import { RunRecord } from '../run/record.ts';
import { SessionWitness } from './session-witness.ts';

function witnessed(tell: (witness: SessionWitness, record: RunRecord) => void): readonly string[] {
  const record = new RunRecord();
  tell(new SessionWitness('c', record), record);
  return record.violations;
}

describe('a session that is served as it should be', () => {
  it.each<[string, (witness: SessionWitness) => void]>([
    [
      'time goes on or stands still',
      (witness) => {
        witness.reply('get', 7, witness.zxid);
        witness.reply('get', 7, witness.zxid);
        witness.reply('set', 9, witness.zxid);
      },
    ],
    [
      'a reply to what was asked before a later reply came',
      (witness) => {
        const least = witness.zxid;
        witness.reply('set', 9, least);
        witness.reply('get', 8, least);
      },
    ],
    [
      'the event comes first',
      (witness) => {
        witness.shown('/a', 1, true);
        witness.shown('/a', 1, true);
        witness.event('/a');
        witness.shown('/a', 2);
      },
    ],
    [
      'a change of another node, or without a watch',
      (witness) => {
        witness.shown('/a', 1, true);
        witness.shown('/b', 1);
        witness.shown('/b', 2);
      },
    ],
    [
      'a watch that went with its connection',
      (witness) => {
        witness.shown('/a', 1, true);
        witness.watchesLost();
        witness.shown('/a', 2);
      },
    ],
    [
      'numbers rise, with gaps',
      (witness) => {
        witness.sequentialCreated('/q/n-0000000000');
        witness.sequentialCreated('/q/n-0000000003');
      },
    ],
  ])('%s', (_name, tell) => {
    expect(witnessed(tell)).toEqual([]);
  });
});

describe('a session that is served wrongly', () => {
  it.each<[string, (witness: SessionWitness, record: RunRecord) => void, string]>([
    [
      'time goes back',
      (witness) => {
        witness.reply('set', 9, witness.zxid);
        witness.reply('get', 8, witness.zxid);
      },
      'c: get was answered at zxid 8 after 9',
    ],
    [
      'a change is shown without its event, which comes late',
      (witness) => {
        witness.shown('/a', 1, true);
        witness.shown('/a', 2);
        witness.event('/a');
      },
      'c: was shown version 2 of /a without the event of its watch at version 1',
    ],
    [
      'the read that sets a further watch shows it',
      (witness) => {
        witness.shown('/a', 1, true);
        witness.shown('/a', 2, true);
      },
      'c: was shown version 2 of /a without the event of its watch at version 1',
    ],
    [
      'a number falls',
      (witness) => {
        witness.sequentialCreated('/q/n-0000000003');
        witness.sequentialCreated('/q/n-0000000002');
      },
      'c: was given /q/n-0000000002 after number 3',
    ],
    [
      'another session was given the same number',
      (witness, record) => {
        witness.sequentialCreated('/q/n-0000000003');
        new SessionWitness('d', record).sequentialCreated('/q/n-0000000003');
      },
      'd was given /q/n-0000000003 a second time',
    ],
  ])('%s', (_name, tell, violation) => {
    expect(witnessed(tell)).toEqual([violation]);
  });
});
