/**
 * Bounds the requests that a member has taken and not answered. What was answered since the last count is not known:
 * the requests are counted anew, once a turn at most, where the bound seems to be met.
 */
export class RequestGate {
  private readonly max: number;
  private readonly count: () => number;
  private atMost = 0;
  private isCounted = false;

  constructor(max: number, count: () => number) {
    this.max = max;
    this.count = count;
  }

  heard(): void {
    this.atMost += 1;
  }

  endTurn(): void {
    this.isCounted = false;
  }

  hasRoom(): boolean {
    if (this.atMost < this.max) return true;
    if (this.isCounted) return false;
    this.isCounted = true;
    this.atMost = this.count();
    return this.atMost < this.max;
  }
}

/** ZooKeeper shares the bound of the ensemble among the members: here each takes a part beside the others. */
export function requestsMax(
  settings: { readonly globalOutstandingLimit: number; readonly requestThrottleMax: number },
  members: number,
): number {
  const share = Math.max(1, settings.globalOutstandingLimit / (members > 2 ? members - 1 : 1));
  return settings.requestThrottleMax > 0 ? Math.min(share, settings.requestThrottleMax) : share;
}
