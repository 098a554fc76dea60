/**
 * Runs the protocol traces in scenarios/*.txt. A scenario is a text: `> step` lines, and under each what came of it.
 * Running it gives the same text with the outcomes as they are now; the test compares. Steps (members are numbers):
 *
 *   members 3 [spare=1] [chunk=BYTES] [window=SLOTS] [kept=SLOTS]    first step, or a new beginning; all start with empty disks d1, d2, …;
 *                                    without a leader 1 waits 300 ms, 2 waits 330, 3 waits 360; spare ones, with the
 *                                    next numbers, are no members at first
 *   tick 1 500 | tick all 50         time passes at a member
 *   deliver 1->2 [type]              the oldest such message; `*` for any member, `all` for everything that waits now
 *   repeat 1->2 [type]               delivers it, and keeps it for a second time
 *   drop 1->2 [type]                 loses all such messages
 *   settle                           delivers until nothing waits; shows only what was decided and who changed its role
 *   propose 1 a | propose 1 configuration 1:d1 2:d2 3:e3 4:observer
 *   confirm 1 7                      asks the leader for a confirmation with the id 7
 *   hold 1 | save 1 | release 1      saves wait; the oldest is done; all are done and wait no more
 *   crash 1 [kept] | restart 1       the first `kept` of the unfinished saves had reached the disk
 *   wipe 1 e1                        (after a crash) a new, empty disk with this id
 *   snapshot 1 | install 3 from 1
 *   status | log 1
 */
import {
  type Ballot,
  ballotCounter,
  ballotMember,
  type DiskId,
  type MemberId,
} from '../../../protocol/ids.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { LogRecord, Value } from './contract.ts';
import { decodeQuorumMessage, encodeQuorumMessage, type QuorumMessage } from './messages.ts';
import { TestMember } from './test-member.ts';

/** Throws where two members decide differently. */
export function runScenario(text: string, planted?: PlantedBugs): string {
  const scenario = new Scenario(planted);
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('> ')) {
      lines.push(line, ...scenario.step(line.slice(2).trim().split(/\s+/)));
    } else if (line === '' || line.startsWith('#')) lines.push(line);
  }
  return lines.join('\n');
}

/** In the place of a disk. */
const OBSERVER = 'observer';

interface Waiting {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly message: QuorumMessage;
}

class Scenario {
  private members = new Map<MemberId, TestMember>();
  private network: Waiting[] = [];
  private readonly holding = new Set<MemberId>();
  private readonly roles = new Map<MemberId, string>();
  private readonly decided = new Map<number, string>();
  private isQuiet = false;
  private trace: string[] = [];
  private readonly planted: PlantedBugs | undefined;

  constructor(planted: PlantedBugs | undefined) {
    this.planted = planted;
  }

  step(words: string[]): string[] {
    this.trace = [];
    const [verb, ...rest] = words;
    this.run(verb!, rest);
    for (const member of this.members.values()) this.drain(member);
    return this.trace.map((line) => `  ${line}`);
  }

  private run(verb: string, words: string[]): void {
    const [first = '', second = ''] = words;
    switch (verb) {
      case 'members':
        this.create(Number(first), new Map(words.slice(1).map((word) => pair(word, '='))));
        break;
      case 'tick':
        for (const member of first === 'all' ? this.members.values() : [this.member(first)]) {
          if (member.isUp) member.tick(Number(second));
        }
        break;
      case 'deliver':
        this.deliver(first, second, false);
        break;
      case 'repeat':
        this.deliver(first, second, true);
        break;
      case 'drop':
        this.network = this.network.filter((one) => !matches(one, first, second));
        break;
      case 'settle':
        this.settle();
        break;
      case 'propose':
        if (!this.member(first).core.propose(valueFrom(words.slice(1)))) this.note('refused');
        break;
      case 'confirm':
        this.member(first).core.confirmLeadership(Number(second));
        break;
      case 'handOver':
        this.member(first).core.handOver(Number(second));
        break;
      case 'leaves':
        for (const { core } of this.members.values()) core.leaderLeaves(core.status().leaderBallot);
        break;
      case 'hold':
        this.holding.add(this.member(first).id);
        break;
      case 'save':
        this.member(first).save();
        break;
      case 'release':
        this.holding.delete(this.member(first).id);
        break;
      case 'crash':
        this.member(first).crash(Number(second));
        this.roles.delete(this.member(first).id);
        break;
      case 'restart':
        this.member(first).restart();
        break;
      case 'wipe':
        this.member(first).wipe(second as DiskId);
        break;
      case 'snapshot': {
        const { decidedUpTo, configuration } = this.member(first).core.status();
        this.member(first).takeSnapshot(decidedUpTo, configuration);
        this.note(`${first} keeps a snapshot at ${decidedUpTo}`);
        break;
      }
      case 'install': {
        const { slot, configuration } = this.member(words[2]!).disk.snapshot;
        this.member(first).install(slot, configuration);
        break;
      }
      case 'status':
        this.status();
        break;
      case 'log':
        this.log(this.member(first));
        break;
      default:
        throw new Error(`unknown step: ${verb}`);
    }
  }

  private create(count: number, options: ReadonlyMap<string, string>): void {
    const ids = Array.from({ length: count }, (_, index) => (index + 1) as MemberId);
    const configuration = { members: ids.map((id) => ({ id, disk: `d${id}` as DiskId })) };
    const number = (name: string) => (options.has(name) ? Number(options.get(name)) : undefined);
    this.members.clear();
    this.network = [];
    this.decided.clear();
    const spare = Array.from({ length: number('spare') ?? 0 }, (_, index) => count + index + 1);
    for (const id of [...ids, ...(spare as MemberId[])]) {
      const member = new TestMember({
        id,
        configuration,
        random: () => (id - 1) / 10,
        messageBytesMax: number('chunk'),
        slotsInFlightMax: number('window'),
        keptSlotsMax: number('kept'),
        planted: this.planted,
      });
      this.members.set(id, member);
      this.roles.set(id, ids.includes(id) ? 'following' : 'catchingUp');
    }
  }

  private deliver(route: string, type: string, again: boolean): void {
    const found = this.network.filter((one) => matches(one, route, type));
    const taken = route === 'all' ? found : found.slice(0, 1);
    if (taken.length === 0) this.note('nothing to deliver');
    if (!again) this.network = this.network.filter((one) => !taken.includes(one));
    for (const { to, message } of taken) {
      const member = this.member(String(to));
      if (!member.isUp) continue;
      // Through the codec, as in the real world.
      member.core.receive(decodeQuorumMessage(encodeQuorumMessage(message)));
      this.drain(member);
    }
  }

  private settle(): void {
    this.isQuiet = true;
    for (const member of this.members.values()) this.drain(member);
    for (let rounds = 0; this.network.length > 0; rounds++) {
      if (rounds > 1000) throw new Error('the members never stop talking');
      this.deliver('all', '', false);
    }
    this.isQuiet = false;
  }

  private drain(member: TestMember): void {
    if (!member.isUp) return;
    for (;;) {
      const output = member.take();
      const { id } = member;
      const role = member.core.status().role;
      if (role !== this.roles.get(id)) {
        this.trace.push(`${id} is ${role}`);
        this.roles.set(id, role);
      }
      if (output.records.length > 0) {
        this.note(`${id} writes ${output.records.map(recordText).join(', ')}`);
      }
      for (const { to, message, bulk } of output.messages) {
        this.note(`${id} -> ${to} ${messageText(message)}${bulk ? ' (bulk)' : ''}`);
        for (const receiver of to === 'all' ? this.members.keys() : [to]) {
          if (receiver !== id) this.network.push({ from: id, to: receiver, message });
        }
      }
      for (const { slot, value } of output.decided) this.learn(id, slot, valueText(value));
      for (const { id: read, slot } of output.confirmed) {
        this.trace.push(`${id} confirms ${read} at slot ${slot}`);
      }
      for (const read of output.unconfirmed) this.trace.push(`${id} cannot confirm ${read}`);
      if (output.snapshotWanted !== undefined) {
        this.trace.push(`${id} wants a snapshot from ${output.snapshotWanted.from}`);
      }
      if (this.holding.has(id) || member.unsynced.length === 0) return;
      while (member.unsynced.length > 0) member.save();
    }
  }

  /** One value a slot, whoever decides it, and for ever. */
  private learn(id: MemberId, slot: number, value: string): void {
    const before = this.decided.get(slot);
    if (before !== undefined && before !== value) {
      throw new Error(`member ${id} decides ${value} in slot ${slot}, which was ${before}`);
    }
    this.decided.set(slot, value);
    this.trace.push(`${id} decides ${slot} ${value}`);
  }

  private status(): void {
    for (const member of this.members.values()) {
      const { role, promised, leader, decidedUpTo, acceptedUpTo } = member.core.status();
      this.trace.push(
        member.isUp
          ? `${member.id} ${role}, promised ${ballotText(promised)}, leader ${leader ?? 'unknown'}, decided up to ${decidedUpTo}, holds up to ${acceptedUpTo}`
          : `${member.id} down`,
      );
    }
  }

  private log(member: TestMember): void {
    for (const { slot, ballot, value, decided } of member.core.context.state.log.entries.values()) {
      this.trace.push(
        `${slot} ${ballotText(ballot)} ${value.kind === 'stored' ? 'on disk' : valueText(value)}${decided ? ' decided' : ''}`,
      );
    }
  }

  private note(line: string): void {
    if (!this.isQuiet) this.trace.push(line);
  }

  private member(name: string): TestMember {
    const member = this.members.get(Number(name) as MemberId);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }
}

function matches(one: Waiting, route: string, type: string): boolean {
  if (type !== '' && one.message.type !== type) return false;
  if (route === 'all') return true;
  const [from, to] = route.split('->');
  return (from === '*' || one.from === Number(from)) && (to === '*' || one.to === Number(to));
}

function pair(word: string, separator: string): [string, string] {
  const [name = '', value = ''] = word.split(separator);
  return [name, value];
}

function valueFrom(words: readonly string[]): Value {
  if (words[0] !== 'configuration') {
    return { kind: 'entry', bytes: new TextEncoder().encode(words.join(' ')) };
  }
  const servers = words.slice(1).map((word) => {
    const [id, disk] = pair(word, ':');
    return { id: Number(id) as MemberId, disk: disk as DiskId };
  });
  const members = servers.filter(({ disk }) => disk !== OBSERVER);
  const observers = servers.filter(({ disk }) => disk === OBSERVER).map(({ id }) => ({ id }));
  const configuration = { members, ...(observers.length > 0 && { observers }) };
  return { kind: 'configuration', configuration };
}

function valueText(value: Value): string {
  switch (value.kind) {
    case 'entry': {
      const text = new TextDecoder().decode(value.bytes);
      return text.length > 20 ? `${text.slice(0, 4)}…${text.length}` : text;
    }
    case 'noop':
      return 'noop';
    case 'configuration': {
      const { members, observers = [] } = value.configuration;
      const servers = members.map(({ id, disk }) => `${id}:${disk}`);
      return `[${[...servers, ...observers.map(({ id }) => `${id}:${OBSERVER}`)].join(' ')}]`;
    }
    default:
      return value satisfies never;
  }
}

function ballotText(ballot: Ballot): string {
  return ballot === 0 ? 'none' : `${ballotCounter(ballot)}.${ballotMember(ballot)}`;
}

function recordText(record: LogRecord): string {
  switch (record.kind) {
    case 'promise':
      return `promise ${ballotText(record.ballot)}`;
    case 'accept':
      return `accept ${record.slot} ${ballotText(record.ballot)} ${valueText(record.value)}`;
    case 'decided':
      return `decided ${record.slot}`;
    default:
      return record satisfies never;
  }
}

function messageText(message: QuorumMessage): string {
  const fields = Object.entries(message)
    .filter(([name]) => name !== 'type' && name !== 'from')
    .map(([name, value]) => fieldText(name, value));
  return [message.type, ...fields].filter((field) => field !== '').join(' ');
}

function fieldText(name: string, value: unknown): string {
  switch (name) {
    case 'ballot':
    case 'refused':
      return `${name}=${ballotText(value as Ballot)}`;
    case 'value':
      return valueText(value as Value);
    case 'held':
      return `held=[${(value as Ballot[]).map(ballotText).join(' ')}]`;
    case 'slots':
      return `slots=${(value as number[]).join(',')}`;
    case 'entries':
      return `[${(value as { slot: number; ballot: Ballot; value?: Value }[])
        .map((entry) => {
          const held = entry.value === undefined ? 'as held' : valueText(entry.value);
          return `${entry.slot} ${ballotText(entry.ballot)} ${held}`;
        })
        .join(', ')}]`;
    default:
      return `${name}=${value}`;
  }
}
