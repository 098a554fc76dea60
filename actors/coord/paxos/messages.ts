/** Placeholder replaced by the Paxos room. */
export type QuorumMessage = { readonly type: string; readonly from: number };
