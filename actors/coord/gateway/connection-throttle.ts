/**
 * ZooKeeper's BlueThrottle: a bucket of tokens that fills with time, and of which each session that is opened or
 * renewed takes some; whoever finds too few is sent away. With a freeze time, some are sent away by chance before the
 * bucket is empty: the more often it was found empty, the more of them, so that not always the same ones come late.
 */
import type { Clock, Random } from '../../actor.ts';
import type { ConnectionThrottleSettings } from './settings.ts';

export class ConnectionThrottle {
  private readonly settings: ConnectionThrottleSettings;
  private readonly clock: Clock;
  private readonly random: Random;
  private tokens: number;
  private filledMs: number;
  private lookedMs: number;
  private dropChance = 0;

  constructor(settings: ConnectionThrottleSettings, clock: Clock, random: Random) {
    this.settings = settings;
    this.clock = clock;
    this.random = random;
    this.tokens = settings.tokensMax;
    this.filledMs = clock.monotonicMs();
    this.lookedMs = this.filledMs;
  }

  /** Takes the tokens of one that may come in. */
  admits(isRenewal: boolean): boolean {
    const nowMs = this.clock.monotonicMs();
    this.fill(nowMs);
    if (this.isDropped(nowMs)) return false;
    const need = isRenewal ? this.settings.renewWeight : this.settings.openWeight;
    if (this.tokens < need) return false;
    this.tokens -= need;
    return true;
  }

  private fill(nowMs: number): void {
    const { fillTimeMs, fillCount, tokensMax } = this.settings;
    const passedMs = nowMs - this.filledMs;
    if (passedMs <= fillTimeMs) return;
    const added = Math.floor((passedMs * fillCount) / fillTimeMs);
    this.tokens = Math.min(this.tokens + added, tokensMax);
    this.filledMs = nowMs;
  }

  private isDropped(nowMs: number): boolean {
    const { freezeMs, tokensMax, decreaseRatio, dropIncrease, dropDecrease } = this.settings;
    if (freezeMs === undefined) return false;
    if (nowMs - this.lookedMs > freezeMs) {
      const taken = tokensMax - this.tokens;
      if (this.tokens === 0) this.dropChance = Math.min(1, this.dropChance + dropIncrease);
      else if (taken <= Math.round(tokensMax * decreaseRatio))
        this.dropChance = Math.max(0, this.dropChance - dropDecrease);
      this.lookedMs = nowMs;
    }
    return this.random.next() < this.dropChance;
  }
}
