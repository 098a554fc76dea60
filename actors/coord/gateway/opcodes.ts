/** Numbers of ZooKeeper's protocol (org.apache.zookeeper.ZooDefs.OpCode, Watcher.Event, ClientCnxn). */
export const opcodes = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  /** Between servers alone. */
  deleteContainer: 20,
  createTtl: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  closeSession: -11,
  error: -1,
} as const;

/** Reads of znodes; of the others (a ping, credentials, watches) it does not matter how new the tree is. */
const treeReads: ReadonlySet<number> = new Set([
  opcodes.exists,
  opcodes.getData,
  opcodes.getAcl,
  opcodes.getChildren,
  opcodes.getChildren2,
  opcodes.multiRead,
  opcodes.getEphemerals,
  opcodes.getAllChildrenNumber,
]);

export function isOfTree(type: number): boolean {
  return treeReads.has(type);
}

export const specialXids = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;

export const eventTypes = {
  created: 1,
  deleted: 2,
  dataChanged: 3,
  childrenChanged: 4,
} as const;

/** KeeperState.SyncConnected, which every notification carries. */
export const SYNC_CONNECTED = 3;

export const createFlags = {
  persistent: 0,
  ephemeral: 1,
  sequential: 2,
  ephemeralSequential: 3,
  container: 4,
  ttl: 5,
  sequentialTtl: 6,
} as const;
