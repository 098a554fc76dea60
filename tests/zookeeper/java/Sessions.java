import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.Event.KeeperState;

/** What becomes of a session, with the parent's help: it kills members and pauses this process. */
final class Sessions {
  private Sessions() {}

  static void endWithTheirEphemerals() throws Exception {
    try (Client watching = Client.connected()) {
      Client leaving = Client.connected();
      leaving.make("/leaving", "", CreateMode.EPHEMERAL);
      while (watching.exists("/leaving", true) == null) Check.equal("NodeCreated /leaving", watching.nextEvent());
      leaving.close();
      Check.equal("NodeDeleted /leaving", watching.nextEvent());
    }
  }

  static void keepTheirWatchesAtAnotherMember() throws Exception {
    try (Client moving = Client.connected()) {
      long session = moving.getSessionId();
      moving.make("/moving", "", CreateMode.PERSISTENT);
      moving.make("/moving/own", "", CreateMode.EPHEMERAL);
      moving.getData("/moving", true, null);
      moving.exists("/moving/later", true);
      moving.getChildren("/moving/own", true);
      moving.addWatch("/moving/stays", moving.watcher(), AddWatchMode.PERSISTENT);
      moving.addWatch("/moving/below", moving.watcher(), AddWatchMode.PERSISTENT_RECURSIVE);
      moving.addAuthInfo("digest", Client.bytes("alice:secret"));
      int former = moving.memberPort();
      Host.please("kill " + former);
      moving.expectState(KeeperState.Disconnected);
      moving.expectState(KeeperState.SyncConnected);
      Check.that("it moved", moving.memberPort() != former);
      Check.equal(session, moving.getSessionId());
      Check.equal(session, moving.exists("/moving/own", false).getEphemeralOwner());
      Check.equal(2, moving.whoAmI().size());
      try (Client acting = Client.connected()) {
        acting.setData("/moving", Client.bytes("new"), -1);
        Check.equal("NodeDataChanged /moving", moving.nextEvent());
        acting.make("/moving/later", "");
        Check.equal("NodeCreated /moving/later", moving.nextEvent());
        acting.make("/moving/stays", "");
        acting.setData("/moving/stays", Client.bytes("new"), -1);
        Check.equal("NodeCreated /moving/stays", moving.nextEvent());
        Check.equal("NodeDataChanged /moving/stays", moving.nextEvent());
        acting.make("/moving/below", "");
        acting.make("/moving/below/child", "");
        Check.equal("NodeCreated /moving/below", moving.nextEvent());
        Check.equal("NodeCreated /moving/below/child", moving.nextEvent());
        acting.delete("/moving/own", -1);
        Check.equal("NodeDeleted /moving/own", moving.nextEvent());
      }
    }
  }

  static void expireWhenNothingIsHeard() throws Exception {
    Client sleeping = Client.connected();
    sleeping.make("/sleeping", "", CreateMode.EPHEMERAL);
    Host.please("pause /sleeping");
    sleeping.expectState(KeeperState.Expired);
    Check.equal(false, sleeping.getState().isAlive());
    sleeping.close();
    try (Client awake = Client.connected()) {
      awake.catchUp();
      Check.equal(null, awake.exists("/sleeping", false));
    }
  }
}
