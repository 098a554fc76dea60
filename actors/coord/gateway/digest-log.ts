/**
 * Digests of the tree, as ZooKeeper keeps them of every 128th zxid: here of the slot in which that is passed, which
 * costs less. Members that agree show the same ones.
 */
import type { Zxid } from '../../../protocol/ids.ts';

const INTERVAL = 128;
const KEPT_MAX = 1024;

export class DigestLog {
  private readonly kept: { zxid: bigint; digest: bigint }[] = [];

  /** Called after each slot, with the zxids before and after it. */
  applied(before: Zxid, zxid: Zxid, digest: () => string): void {
    if (Math.floor(before / INTERVAL) === Math.floor(zxid / INTERVAL)) return;
    this.kept.push({ zxid: BigInt(zxid), digest: BigInt(`0x${digest()}`) });
    if (this.kept.length > KEPT_MAX) this.kept.shift();
  }

  /** Newest last. */
  get entries(): readonly { readonly zxid: bigint; readonly digest: bigint }[] {
    return this.kept;
  }
}
