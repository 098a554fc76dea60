/**
 * The keys of ZooKeeper's admin guide that say nothing here, each with the reason: whoever brings a zoo.cfg is told
 * why such a line has no effect. Names are without the `zookeeper.` prefix of system properties.
 */

const ownFiles = 'the coords keep their data where --data says, in files of their own';
const ownSync = 'every write is synced at a majority before it is answered';
const ownSnapshots = 'the coords take snapshots and cut their log by themselves';
const ownQuorum = 'the quorum is Paxos over NATS and has no links or elections of this kind';
const ownMembers = 'the members are those of --coords and of reconfig';
const majority = 'a majority of equal members decides';
const oneThread = 'a coord is one thread';
const java = 'it is about the Java virtual machine or Java classes';
const keytabAlone =
  'the key of the server is read from its keytab, and there is no ticket to renew';
const ownNames = 'an ACL of the scheme sasl means the user that it names, and no other';
const natsGuards = 'the links between the coords are guarded by the users and TLS of NATS';
const ownFlow = 'connections are slowed by what waits to be answered';
const noAudit = 'there is no audit log of this kind: the log of each coord tells what happened';
const ownCache = 'reads are answered from the tree in memory';
const ownWatches = 'there is one kind of watch manager';
const ofClients = 'it is an option of clients';
const ownTls = 'TLS is that of the runtime, and certificates are verified by it';
const noReverseLookup =
  'a certificate is compared with the address of the connection, and no name is looked up for it';
const ownHttp = 'the pages have an HTTP server of the runtime’s own, without TLS';
const noSnapshots = 'the pages have no snapshot and no restore: both are answered with 503';
const alwaysOn = 'it is always so here';

const reasons: readonly (readonly [reason: string, keys: string])[] = [
  [
    ownFiles,
    'dataDir dataLogDir preAllocSize db.autocreate dynamicConfigFile snapshot.trust.empty',
  ],
  [ownSync, 'forceSync maxBatchSize flushDelay maxWriteQueuePollTime fsync.warningthresholdms'],
  [
    ownSnapshots,
    'snapCount snapSizeLimitInKb snapshotSizeFactor snapshot.compression.method commitLogCount commitLogSize ' +
      'autopurge.snapRetainCount autopurge.purgeInterval serializeLastProcessedZxid.enabled',
  ],
  [
    ownQuorum,
    'initLimit syncLimit connectToLearnerMasterLimit electionAlg cnxTimeout quorumCnxnTimeoutMs leaderServes ' +
      'leader.maxTimeToWaitForEpoch maxTimeToWaitForEpoch electionPortBindRetry quorumListenOnAllIPs ' +
      'fastleader.minNotificationInterval fastleader.maxNotificationInterval quorum.cnxn.threads.size ' +
      'leaderConnectDelayDuringRetryMs learner.asyncSending learner.closeSocketAsync leader.closeSocketAsync ' +
      'leader.ackLoggingFrequency leader.maxConcurrentSnapSyncs leader.maxConcurrentDiffSyncs maxConcurrentSnapSyncs ' +
      'maxConcurrentDiffSyncs forceSnapshotSync tcpKeepAlive follower.skipLearnerRequestToNextProcessor ' +
      'forward_learner_requests_to_commit_processor_disabled observerMasterPort observerMaster.sizeLimit ' +
      'observer.reconnectDelayMs observer.election.DelayMs observer.syncEnabled syncEnabled multiAddress.enabled ' +
      'multiAddress.reachabilityCheckTimeoutMs multiAddress.reachabilityCheckEnabled testingonly.initialZxid',
  ],
  [ownMembers, 'peerType standaloneEnabled version'],
  [majority, 'oraclePath'],
  [
    oneThread,
    'nio.numSelectorThreads nio.numWorkerThreads nio.directBufferBytes nio.shutdownTimeout ' +
      'commitProcessor.numWorkerThreads commitProcessor.shutdownTimeout commitProcessor.maxReadBatchSize ' +
      'commitProcessor.maxCommitBatchSize request_throttler.shutdownTimeout',
  ],
  [
    java,
    'serverCnxnFactory clientCnxnSocket jvm.pause.monitor jvm.pause.warn-threshold.ms jvm.pause.info-threshold.ms ' +
      'jvm.pause.sleep.time.ms metricsProvider.exportJvmInfo ' +
      'metricsProvider.numWorkerThreads metricsProvider.maxQueueSize metricsProvider.workerShutdownTimeoutMs ' +
      'fips-mode jute.maxbuffer.extrasize intBufferStartingSizeBytes ' +
      'netty.server.outstandingHandshake.limit outstandingHandshake.limit netty.advancedFlowControl.enabled ' +
      'netty.server.earlyDropSecureConnectionHandshakes ' +
      'messageTracker.BufferSize messageTracker.Enabled controllerPort',
  ],
  [keytabAlone, 'kinit jaasLoginRenew'],
  [ownNames, 'letAnySaslUserDoX'],
  [
    natsGuards,
    'sslQuorum portUnification sslQuorumReloadCertFiles quorum.auth.enableSasl quorum.auth.learnerRequireSasl ' +
      'quorum.auth.serverRequireSasl quorum.auth.learner.saslLoginContext quorum.auth.server.saslLoginContext ' +
      'quorum.auth.kerberos.servicePrincipal',
  ],
  [
    ownFlow,
    'request_throttle_stall_time ' +
      'request_throttle_drop_stale request_stale_latency_check request_stale_connection_check ' +
      'throttledOpWaitTime throttled_op_wait_time requestThrottleLimit requestThrottleStallTime ' +
      'requestThrottleDropStale requestStaleLatencyCheck requestStaleConnectionCheck ' +
      'connectionMaxTokens connectionTokenFillTime ' +
      'connectionTokenFillCount connectionFreezeTime connectionDropIncrease connectionDropDecrease ' +
      'connectionDecreaseRatio',
  ],
  [noAudit, 'audit.enable audit.impl.class'],
  [
    ownCache,
    'maxResponseCacheSize maxGetChildrenResponseCacheSize bitHashCacheSize pathStats.enabled pathStats.delay ' +
      'pathStats.initialDelay pathStats.maxDepth pathStats.sampleRate pathStats.slotCapacity ' +
      'pathStats.slotDuration pathStats.topPathMax',
  ],
  [
    ownWatches,
    'watchManagerName watcherCleanThreadsNum watcherCleanThreshold watcherCleanIntervalInSeconds ' +
      'maxInProcessingDeadWatchers',
  ],
  [
    ofClients,
    'disableAutoWatchReset request.timeout client.secure sasl.client sasl.clientconfig kerberos.canonicalizeHostNames',
  ],
  [
    ownTls,
    'ssl.context.supplier.class ssl.sslProvider ssl.authProvider ssl.keyManager ssl.trustManager ' +
      'ssl.sessionTimeout ssl.tcnative.ocsp',
  ],
  [noReverseLookup, 'ssl.allowReverseDnsLookup'],
  [
    ownHttp,
    'admin.idleTimeout admin.httpVersion admin.portUnification admin.forceHttps admin.needClientAuth ' +
      'metricsProvider.httpsPort',
  ],
  [
    noSnapshots,
    'admin.rateLimiterIntervalInMS admin.snapshot.enabled admin.restore.enabled admin.snapshot.intervalInMS ' +
      'admin.restore.intervalInMS',
  ],
  [alwaysOn, 'digest.enabled closeSessionTxn.enabled enableEagerACLCheck'],
  ['every session is known to all members', 'localSessionsEnabled localSessionsUpgradingEnabled'],
  ['there are no znodes of such an old format', 'emulate353TTLNodes'],
  [
    'large requests are bounded as all others are, by jute.maxbuffer and by what waits',
    'largeRequestThreshold largeRequestMaxBytes',
  ],
  ['as many are deleted as need be, some hundred at a time', 'znode.container.maxPerMinute'],
  ['a container that never had a child stays', 'znode.container.maxNeverUsedIntervalMs'],
  ['addresses are those of the connection itself', 'IPAuthenticationProvider.usexforwardedfor'],
];

/** Whole families: what follows the prefix is a name of the user's own, or a setting of the same kind. */
const families: readonly (readonly [prefix: string, reason: string])[] = [
  ['authProvider.', java],
  ['ssl.quorum.', natsGuards],
  ['admin.ssl.', ownHttp],
  ['metricsProvider.ssl.', ownHttp],
  ['metricsProvider.keyStore.', ownHttp],
  ['metricsProvider.trustStore.', ownHttp],
  ['quorum.auth.', natsGuards],
  ['X509AuthenticationProvider.', ownTls],
  ['group.', majority],
  ['weight.', majority],
];

const reasonOf = new Map(
  reasons.flatMap(([reason, keys]) =>
    keys.split(' ').map((key): [string, string] => [key, reason]),
  ),
);

/** Why a key of ZooKeeper's has no effect here; undefined for those that it does not have. */
export function whyUseless(key: string): string | undefined {
  return reasonOf.get(key) ?? families.find(([prefix]) => key.startsWith(prefix))?.[1];
}

export const uselessKeys: readonly string[] = [...reasonOf.keys()];
