/** Digests of the tree at every 128th zxid, as ZooKeeper keeps them: members that agree show the same ones. */
import type { Zxid } from '../../../protocol/ids.ts';

const INTERVAL = 128;
const KEPT_MAX = 1024;

export class DigestLog {
  private readonly kept: { zxid: bigint; digest: bigint }[] = [];
  private lastZxid = 0;

  /** Called after each operation, a repeat too, whose zxid is an old one. */
  applied(zxid: Zxid, digest: () => string): void {
    if (zxid % INTERVAL !== 0 || zxid <= this.lastZxid) return;
    this.lastZxid = zxid;
    this.kept.push({ zxid: BigInt(zxid), digest: BigInt(`0x${digest()}`) });
    if (this.kept.length > KEPT_MAX) this.kept.shift();
  }

  /** Newest last. */
  get entries(): readonly { readonly zxid: bigint; readonly digest: bigint }[] {
    return this.kept;
  }
}
