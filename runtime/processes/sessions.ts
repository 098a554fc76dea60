/**
 * Processes by session. A command and all that it starts are one session, unless one of them makes another
 * (`setsid`): that one has left, and nothing here finds it.
 */
import { allStats, isGone, type ProcessStat, readEnvironment, readStat } from './proc.ts';
import { sendSignal } from './signals.ts';

/** All agents' attempts are looked at in one go: one look at /proc serves them all. */
const LOOK_KEPT_MS = 200;

export class Sessions {
  private members = new Map<number, ProcessStat[]>();
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  /** Not older than `ageMs`. */
  of(session: number, ageMs = LOOK_KEPT_MS): readonly ProcessStat[] {
    if (performance.now() - this.lookedAtMs > ageMs) this.look();
    return this.members.get(session) ?? [];
  }

  /** To every process group of the session whose leader is alive. */
  signal(leader: ProcessStat, signal: NodeJS.Signals): void {
    const groups = new Set(this.of(leader.pid, 0).map((member) => member.group));
    groups.add(leader.pid);
    for (const group of groups) sendSignal(-group, signal);
    // It may be on its way to its own session still: then the group is not there yet.
    if (readStat(leader.pid)?.session !== leader.pid) sendSignal(leader.pid, signal);
  }

  /**
   * To what is left of a session whose leader has ended. Its number may have been given to others since then: who gets
   * the signal must carry the mark in its environment. Says whether there was anything; 0 only asks.
   */
  signalRemains(session: number, mark: string, signal: NodeJS.Signals | 0, ageMs = 0): boolean {
    let found = false;
    for (const member of this.of(session, ageMs)) {
      if (isGone(member) || !readEnvironment(member.pid)?.includes(mark)) continue;
      found = true;
      sendSignal(member.pid, signal);
    }
    return found;
  }

  /** Looks anew: for questions with an age that follow at once. */
  look(): void {
    this.members = new Map();
    for (const stat of allStats()) {
      const members = this.members.get(stat.session);
      if (members === undefined) this.members.set(stat.session, [stat]);
      else members.push(stat);
    }
    this.lookedAtMs = performance.now();
  }
}
