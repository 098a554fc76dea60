/**
 * Explores a small world of members exhaustively: every order in which messages may arrive, be repeated or be lost,
 * every moment at which a save may finish, every crash that loses any suffix of what was not synced, within bounds on
 * campaigns, proposals, heartbeats and crashes.
 *
 * The network is the set of all messages ever sent: each may be delivered at any time, again, or never, so that loss,
 * repetition and reordering need no steps of their own. Time stands still; a campaign may begin at any moment (the
 * pre-vote only makes them rarer). What one member does with one input is computed once and then looked up, so that a
 * step of the world costs a few table look-ups. Worlds are told apart by what the members hold, not by how they came to it.
 */
import type { Ballot, DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import { NO_PLANTED_BUGS, type PlantedBugs } from '../../planted.ts';
import type { LogRecord, PaxosOptions, Recovered, Value } from './contract.ts';
import { PaxosCore } from './core.ts';
import { CoordinatorChartValue, type CoordinatorRole } from './lifecycle.ts';
import type { QuorumMessage } from './messages.ts';
import type { PaxosState } from './state.ts';

export interface World {
  readonly members: number;
  /** With the numbers behind them. */
  readonly observers?: number;
  /** Members from 1 to this one campaign; the others only promise and accept. */
  readonly candidates: number;
  /** Without, what a mark does not decide stays undecided: half of the worlds for the same choices of values. */
  readonly fetches: boolean;
  /** In all, whoever begins them. */
  readonly campaignsMax: number;
  readonly proposalsMax: number;
  readonly crashesMax: number;
  readonly beatsMax: number;
  /** False: a save is finished at once. Crashes then lose only what is in memory. */
  readonly savesTakeTime: boolean;
  readonly statesMax: number;
  readonly planted?: PlantedBugs;
}

export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** False when `statesMax` ended it. */
  readonly isComplete: boolean;
  /** Those in which something was decided: shows that the exploration reaches what it should. */
  readonly decidedWorlds: number;
  readonly violation?: { readonly message: string; readonly trace: readonly string[] };
}

/** A message's number stands for its delivery; anything else is named. */
type Input = number | string;

/** One member with its disk, between two inputs. Never changed: each step makes a new one. */
interface Local {
  readonly state: PaxosState;
  readonly role: CoordinatorRole;
  readonly disk: Durable;
  /** Written, not yet synced. */
  readonly unsynced: readonly (readonly LogRecord[])[];
  /** Values of the decided slots, as text, from slot 1. */
  readonly decided: readonly string[];
}

interface Durable {
  readonly promised: Ballot;
  readonly accepted: ReadonlyMap<Slot, { readonly ballot: Ballot; readonly value: Value }>;
  readonly decidedUpTo: Slot;
}

interface Outcome {
  readonly local: number;
  /** Ids of the messages that it sends, one for each receiver. */
  readonly sends: readonly number[];
  readonly violation?: string;
}

/** What the world remembers besides its members: messages, budgets, and every value that was ever decided. */
interface Past {
  readonly messages: readonly number[];
  readonly decided: readonly string[];
  readonly campaigns: number;
  readonly proposals: number;
  readonly crashes: number;
  readonly beats: number;
}

const TIMING = { heartbeatMs: 1, electionTimeoutMs: 10, resendMs: 5 };
/** The states of all members must fit beside each other into one exact number: the more members, the fewer of each. */
const EXACT_BITS = 53;

export function explore(world: World): Exploration {
  return new Explorer(world).run();
}

class Explorer {
  private readonly world: World;
  /** And observers. */
  private readonly members: readonly MemberId[];
  private readonly configuration: Configuration;
  private readonly localsMax: number;
  private readonly locals = new Interned<Local>();
  private readonly messages = new Interned<{ to: MemberId; message: QuorumMessage }>();
  private readonly pasts = new Interned<Past>();
  private readonly outcomes: Map<Input, Outcome>[] = [];
  private readonly inputs: {
    campaign: boolean;
    propose: boolean;
    beat: boolean;
    unsynced: number;
  }[] = [];
  // Worlds, by number: their members (as one number) and their past; how each was first reached.
  private readonly known = new Map<number, Set<number>>();
  private readonly queue: {
    locals: number[];
    past: number;
    parent: number;
    member: MemberId;
    input: Input;
  }[] = [];
  private steps = 0;
  private decidedWorlds = 0;
  private violation: Exploration['violation'];

  constructor(world: World) {
    this.world = world;
    const count = world.members + (world.observers ?? 0);
    this.members = Array.from({ length: count }, (_, index) => (index + 1) as MemberId);
    this.localsMax = 2 ** Math.floor(EXACT_BITS / count);
    const servers = this.members.map((id) => ({ id, disk: diskOf(id) }));
    const observers = servers.slice(world.members).map(({ id }) => ({ id }));
    this.configuration = {
      members: servers.slice(0, world.members),
      ...(observers.length > 0 && { observers }),
    };
  }

  run(): Exploration {
    const empty: Durable = {
      promised: 0 as Ballot,
      accepted: new Map(),
      decidedUpTo: 0 as Slot,
    };
    const locals = this.members.map((member) => this.intern(member, this.restart(member, empty)));
    const past = { messages: [], decided: [], campaigns: 0, proposals: 0, crashes: 0, beats: 0 };
    this.visit(locals, past, -1, this.members[0]!, 'start');
    let next = 0;
    for (; next < this.queue.length && this.violation === undefined; next++) {
      if (this.queue.length > this.world.statesMax) break;
      this.expand(next);
    }
    return {
      states: this.queue.length,
      steps: this.steps,
      isComplete: next === this.queue.length,
      decidedWorlds: this.decidedWorlds,
      ...(this.violation !== undefined && { violation: this.violation }),
    };
  }

  private expand(index: number): void {
    const { locals, past: pastId } = this.queue[index]!;
    const past = this.pasts.at(pastId);
    const { world } = this;
    this.members.forEach((member, at) => {
      const local = locals[at]!;
      const possible = this.inputs[local]!;
      const go = (input: string, change: Partial<Past> = {}) =>
        this.step(index, member, at, input, { ...past, ...change });
      if (possible.campaign && member <= world.candidates && past.campaigns < world.campaignsMax) {
        go('campaign', { campaigns: past.campaigns + 1 });
      }
      if (possible.propose && past.proposals < world.proposalsMax) {
        go(`propose ${letter(past.proposals)}`, { proposals: past.proposals + 1 });
      }
      if (possible.beat && past.beats < world.beatsMax) go('beat', { beats: past.beats + 1 });
      if (possible.unsynced > 0) go('sync');
      if (past.crashes < world.crashesMax) {
        for (let kept = 0; kept <= possible.unsynced; kept++) {
          go(`crash ${kept}`, { crashes: past.crashes + 1 });
        }
      }
      for (const message of past.messages) {
        if (this.messages.at(message).to === member) this.step(index, member, at, message, past);
      }
    });
  }

  private step(index: number, member: MemberId, at: number, input: Input, past: Past): void {
    if (this.violation !== undefined) return;
    this.steps++;
    const { locals } = this.queue[index]!;
    const outcome = this.outcome(member, locals[at]!, input);
    if (outcome.violation !== undefined) {
      this.fail(outcome.violation, index, member, input);
      return;
    }
    const isWithoutEffect = outcome.local === locals[at] && outcome.sends.length === 0;
    if (isWithoutEffect && typeof input === 'number') return;
    const nextLocals = [...locals];
    nextLocals[at] = outcome.local;
    const sends = outcome.sends.filter((message) => !past.messages.includes(message));
    const messages =
      sends.length === 0 ? past.messages : [...past.messages, ...sends].sort((a, b) => a - b);
    const decided = [...past.decided];
    const mine = this.locals.at(outcome.local).decided;
    for (let slot = 0; slot < mine.length; slot++) {
      if (decided[slot] !== undefined && decided[slot] !== mine[slot]) {
        const message = `slot ${slot + 1} was decided as ${decided[slot]}, and as ${mine[slot]} at member ${member}`;
        this.fail(message, index, member, input);
        return;
      }
      decided[slot] = mine[slot]!;
    }
    this.visit(nextLocals, { ...past, messages, decided }, index, member, input);
  }

  private visit(
    locals: number[],
    reached: Past,
    parent: number,
    member: MemberId,
    input: Input,
  ): void {
    const past = { ...reached, messages: this.alive(locals, reached) };
    const pastId = this.pasts.id(pastKey(past), () => past);
    let key = 0;
    for (const local of locals) key = key * this.localsMax + local;
    let pasts = this.known.get(key);
    if (pasts === undefined) {
      pasts = new Set();
      this.known.set(key, pasts);
    }
    if (pasts.has(pastId)) return;
    pasts.add(pastId);
    if (past.decided.length > 0) this.decidedWorlds++;
    this.queue.push({ locals, past: pastId, parent, member, input });
  }

  /**
   * Messages that can have no effect any more, now or ever, are the same as lost: a promise to somebody who does not
   * prepare that ballot, a slot that is on disk already. While a crash may come, only what is on disk counts as known.
   */
  private alive(locals: readonly number[], past: Past): readonly number[] {
    const mayCrash = past.crashes < this.world.crashesMax;
    return past.messages.filter((id) => {
      const { to, message } = this.messages.at(id);
      const receiver = this.locals.at(locals[to - 1]!);
      const sender = this.locals.at(locals[message.from - 1]!);
      return mayMatter(message, sender, receiver, mayCrash);
    });
  }

  private fail(message: string, index: number, member: MemberId, input: Input): void {
    const trace = [this.describe(member, input)];
    for (let at = index; at > 0; at = this.queue[at]!.parent) {
      trace.push(this.describe(this.queue[at]!.member, this.queue[at]!.input));
    }
    this.violation = { message, trace: trace.reverse() };
  }

  private describe(member: MemberId, input: Input): string {
    if (typeof input === 'string') return `${member}: ${input}`;
    return `${member}: deliver ${canonical(this.messages.at(input).message)}`;
  }

  // ── one member ──

  private outcome(member: MemberId, local: number, input: Input): Outcome {
    this.outcomes[local] ??= new Map();
    let outcome = this.outcomes[local].get(input);
    if (outcome === undefined) {
      try {
        outcome = this.compute(member, this.locals.at(local), input);
      } catch (error) {
        outcome = { local, sends: [], violation: (error as Error).message };
      }
      this.outcomes[local].set(input, outcome);
    }
    return outcome;
  }

  private compute(member: MemberId, before: Local, input: Input): Outcome {
    const [verb, argument] = String(input).split(' ') as [string, string];
    if (verb === 'crash') {
      const kept = before.unsynced.slice(0, Number(argument));
      return this.settle(member, this.restart(member, kept.reduce(written, before.disk)), []);
    }
    const core = this.core(member, before.disk, before.role, copied(before.state));
    let { disk, unsynced } = before;
    if (verb === 'sync') {
      disk = written(disk, unsynced[0]!);
      unsynced = unsynced.slice(1);
      core.saved(core.context.state.savedToken + 1);
    } else if (verb === 'campaign') core.campaign();
    else if (verb === 'beat') core.beat();
    else if (verb === 'propose') core.propose({ kind: 'entry', bytes: bytesOf(argument) });
    else {
      const { message } = this.messages.at(Number(input));
      const isLate = message.type === 'promise' && before.role === 'leading';
      if (!isLate) core.receive(message);
    }
    const sends: number[] = [];
    const after = this.drain(core, { ...before, disk, unsynced }, member, sends);
    return this.settle(member, after, sends);
  }

  private restart(member: MemberId, disk: Durable): Local {
    const core = this.core(member, disk, 'recovering');
    const fresh: Local = {
      state: core.context.state,
      role: core.status().role,
      disk,
      unsynced: [],
      decided: [],
    };
    return this.drain(core, fresh, member, []);
  }

  private core(
    member: MemberId,
    disk: Durable,
    role: CoordinatorRole,
    state?: PaxosState,
  ): PaxosCore {
    const recovered: Recovered = {
      disk: diskOf(member),
      promised: disk.promised,
      accepted: [...disk.accepted]
        .map(([slot, entry]) => ({ slot, ...entry }))
        .sort((a, b) => a.slot - b.slot),
      decidedUpTo: disk.decidedUpTo,
      snapshotSlot: 0 as Slot,
      configuration: this.configuration,
      mayVote: member <= this.world.members,
    };
    const options: PaxosOptions = {
      member,
      recovered,
      timing: TIMING,
      lifecycle: new CoordinatorChartValue(role),
      random: () => 0,
      nowMs: 0,
      messageBytesMax: 4096,
      slotsInFlightMax: this.world.proposalsMax,
      planted: this.world.planted ?? NO_PLANTED_BUGS,
    };
    return new PaxosCore(options, state);
  }

  /** Takes what comes out until nothing more does: records are written, and synced too where saves take no time. */
  private drain(core: PaxosCore, before: Local, member: MemberId, sends: number[]): Local {
    let { disk, unsynced } = before;
    const decided = [...before.decided];
    for (;;) {
      const output = core.takeOutput();
      for (const { slot, value } of output.decided) decided[slot - 1] = textOf(value);
      for (const { to, message } of output.messages) {
        if (message.type === 'fetch' && !this.world.fetches) continue;
        if (this.world.beatsMax === 0 && message.type.startsWith('heartbeat')) continue;
        for (const receiver of to === 'all' ? this.members : [to]) {
          if (receiver === member) continue;
          const key = `${receiver} ${canonical(message)}`;
          sends.push(this.messages.id(key, () => ({ to: receiver, message })));
        }
      }
      if (output.token === undefined) break;
      if (this.world.savesTakeTime) unsynced = [...unsynced, output.records];
      else {
        disk = written(disk, output.records);
        core.saved(output.token);
      }
    }
    core.invariants();
    const { state } = core.context;
    rebaseTokens(state);
    forgetHearsay(state);
    return { state, role: core.status().role, disk, unsynced, decided };
  }

  private settle(member: MemberId, local: Local, sends: readonly number[]): Outcome {
    return { local: this.intern(member, local), sends: [...new Set(sends)] };
  }

  private intern(member: MemberId, local: Local): number {
    const id = this.locals.id(`${member} ${canonical(local)}`, () => local);
    if (id >= this.localsMax) throw new Error('too many states of one member');
    this.inputs[id] ??= {
      campaign: local.role === 'following',
      propose: this.core(member, local.disk, local.role, local.state).room() > 0,
      beat: local.role === 'leading',
      unsynced: local.unsynced.length,
    };
    return id;
  }
}

function mayMatter(
  message: QuorumMessage,
  sender: Local,
  receiver: Local,
  mayCrash: boolean,
): boolean {
  const decidedUpTo = (local: Local) => (mayCrash ? local.disk : local.state).decidedUpTo;
  /** A refusal would depose the sender; a mark would decide something. */
  const mayDepose = (ballot: Ballot) => sender.state.candidacy?.ballot === ballot;
  const mayDecide = (ballot: Ballot, upTo: Slot) =>
    upTo > decidedUpTo(receiver) && ballot >= receiver.disk.promised;
  switch (message.type) {
    case 'prepare':
      return receiver.disk.promised > message.ballot
        ? mayDepose(message.ballot)
        : receiver.disk.promised < message.ballot;
    case 'promise':
      return receiver.role === 'preparing' && receiver.state.candidacy?.ballot === message.ballot;
    case 'refused':
      return receiver.state.candidacy?.ballot === message.refused;
    case 'accept': {
      if (receiver.disk.promised > message.ballot) return mayDepose(message.ballot);
      const held = receiver.disk.accepted.get(message.slot);
      const isNew = message.slot > decidedUpTo(receiver) && (held?.ballot ?? 0) < message.ballot;
      return isNew || mayDecide(message.ballot, message.decidedUpTo);
    }
    case 'accepted':
      return (
        receiver.state.candidacy?.ballot === message.ballot &&
        message.slots.some((slot) => receiver.state.leadership?.inFlight.has(slot))
      );
    case 'mark':
      return (
        mayDecide(message.ballot, message.decidedUpTo) ||
        (receiver.disk.promised > message.ballot && mayDepose(message.ballot))
      );
    case 'fetch':
      return decidedUpTo(sender) <= message.after;
    case 'fetched':
      return message.entries.some(({ slot }) => slot > decidedUpTo(receiver));
    default:
      return true;
  }
}

/** Gives equal things equal small numbers. */
class Interned<Thing> {
  private readonly ids = new Map<string, number>();
  private readonly things: Thing[] = [];

  id(key: string, make: () => Thing): number {
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.things.length;
      this.ids.set(key, id);
      this.things.push(make());
    }
    return id;
  }

  at(id: number): Thing {
    return this.things[id]!;
  }
}

function pastKey(past: Past): string {
  const { messages, decided, campaigns, proposals, crashes, beats } = past;
  return `${messages.join(',')}|${decided.join(',')}|${campaigns},${proposals},${crashes},${beats}`;
}

function written(disk: Durable, records: readonly LogRecord[]): Durable {
  let { promised, decidedUpTo } = disk;
  const accepted = new Map(disk.accepted);
  for (const record of records) {
    if (record.kind === 'promise') promised = record.ballot;
    else if (record.kind === 'decided') decidedUpTo = record.slot;
    else accepted.set(record.slot, { ballot: record.ballot, value: record.value });
  }
  return { promised, accepted, decidedUpTo };
}

/** Tokens only order saves: counted from the last saved one, equal situations look equal. */
function rebaseTokens(state: PaxosState): void {
  const base = state.savedToken;
  state.nextToken -= base;
  state.syncToken = Math.max(0, state.syncToken - base);
  const held = state.held.map((one) => ({ ...one, token: one.token - base }));
  // The same message held twice says no more than once.
  state.held = [...new Map(held.map((one) => [canonical(one), one])).values()];
  state.savedToken = 0;
}

/** Whom to fetch from, and whether a fetch is out, is nobody's promise: time may have passed. */
function forgetHearsay(state: PaxosState): void {
  state.heardDecided.clear();
  state.fetching = undefined;
}

/** A deep copy; bytes, and whatever else is never changed, may be shared, but nothing here is large. */
function copied<Thing>(thing: Thing): Thing {
  if (typeof thing !== 'object' || thing === null || thing instanceof Uint8Array) return thing;
  if (thing instanceof Map) {
    return new Map([...thing].map(([key, value]) => [key, copied(value)])) as Thing;
  }
  if (Array.isArray(thing)) return thing.map(copied) as Thing;
  return Object.fromEntries(
    Object.entries(thing).map(([key, value]) => [key, copied(value)]),
  ) as Thing;
}

/** The same text for the same content, whatever the order in which a Map was filled. */
function canonical(thing: unknown): string {
  return JSON.stringify(thing, (_, value) => {
    if (value instanceof Map) return [...value].sort(([a], [b]) => Number(a) - Number(b));
    if (value instanceof Uint8Array) return new TextDecoder().decode(value);
    return value;
  });
}

const diskOf = (member: MemberId): DiskId => `d${member}` as DiskId;
const letter = (index: number): string => String.fromCharCode(97 + index);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (value: Value): string =>
  value.kind === 'entry' ? new TextDecoder().decode(value.bytes) : value.kind;
