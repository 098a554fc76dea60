import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Watcher.WatcherType;

/** What watches tell, and that they tell nothing else: each scenario goes on to an event that must be the next. */
final class Watches {
  private Watches() {}

  static void tellOnce() throws Exception {
    try (Client watching = Client.connected();
        Client acting = Client.connected()) {
      Check.equal(null, watching.exists("/once", true));
      acting.make("/once", "");
      Check.equal("NodeCreated /once", watching.nextEvent());
      watching.getData("/once", true, null);
      watching.getChildren("/once", true);
      acting.make("/once/child", "");
      Check.equal("NodeChildrenChanged /once", watching.nextEvent());
      acting.make("/once/other", "");
      acting.setData("/once", Client.bytes("new"), -1);
      Check.equal("NodeDataChanged /once", watching.nextEvent());
      acting.setData("/once", Client.bytes("newer"), -1);
      acting.delete("/once/child", -1);
      acting.delete("/once/other", -1);
      watching.catchUp();
      Check.equal("newer", Client.text(watching.getData("/once", true, null)));
      watching.getChildren("/once", true);
      acting.delete("/once", -1);
      Check.equal("NodeDeleted /once", watching.nextEvent());
      Check.equal(null, watching.exists("/once", true));
      acting.make("/once", "");
      Check.equal("NodeCreated /once", watching.nextEvent());
    }
  }

  static void stay() throws Exception {
    try (Client watching = Client.connected();
        Client acting = Client.connected()) {
      watching.addWatch("/stay", watching.watcher(), AddWatchMode.PERSISTENT);
      acting.make("/stay", "");
      acting.setData("/stay", Client.bytes("1"), -1);
      acting.setData("/stay", Client.bytes("2"), -1);
      acting.make("/stay/child", "");
      acting.make("/stay/child/grandchild", "");
      acting.delete("/stay/child/grandchild", -1);
      acting.delete("/stay/child", -1);
      acting.delete("/stay", -1);
      Check.equal("NodeCreated /stay", watching.nextEvent());
      Check.equal("NodeDataChanged /stay", watching.nextEvent());
      Check.equal("NodeDataChanged /stay", watching.nextEvent());
      Check.equal("NodeChildrenChanged /stay", watching.nextEvent());
      Check.equal("NodeChildrenChanged /stay", watching.nextEvent());
      Check.equal("NodeDeleted /stay", watching.nextEvent());
    }
  }

  static void tellOfAllBelow() throws Exception {
    try (Client watching = Client.connected();
        Client acting = Client.connected()) {
      watching.addWatch("/below", AddWatchMode.PERSISTENT_RECURSIVE);
      acting.make("/below", "");
      acting.make("/below/child", "");
      acting.make("/below/child/grandchild", "");
      acting.make("/belowstairs", "");
      acting.setData("/below/child/grandchild", Client.bytes("1"), -1);
      acting.delete("/below/child/grandchild", -1);
      acting.delete("/below/child", -1);
      Check.equal("NodeCreated /below", watching.nextEvent());
      Check.equal("NodeCreated /below/child", watching.nextEvent());
      Check.equal("NodeCreated /below/child/grandchild", watching.nextEvent());
      Check.equal("NodeDataChanged /below/child/grandchild", watching.nextEvent());
      Check.equal("NodeDeleted /below/child/grandchild", watching.nextEvent());
      Check.equal("NodeDeleted /below/child", watching.nextEvent());
    }
  }

  static void canBeTakenAway() throws Exception {
    try (Client watching = Client.connected();
        Client acting = Client.connected()) {
      acting.make("/away", "");
      watching.catchUp();
      watching.getData("/away", true, null);
      watching.getChildren("/away", true);
      watching.removeAllWatches("/away", WatcherType.Data, false);
      Check.equal("DataWatchRemoved /away", watching.nextEvent());
      acting.setData("/away", Client.bytes("unseen"), -1);
      acting.make("/away/child", "");
      Check.equal("NodeChildrenChanged /away", watching.nextEvent());
      Check.refuses(Code.NOWATCHER, () -> watching.removeAllWatches("/away", WatcherType.Any, false));
      watching.addWatch("/away", watching.watcher(), AddWatchMode.PERSISTENT_RECURSIVE);
      watching.removeWatches("/away", watching.watcher(), WatcherType.Any, false);
      Check.equal("PersistentWatchRemoved /away", watching.nextEvent());
      acting.make("/away/unseen", "");
      watching.exists("/away/last", true);
      acting.make("/away/last", "");
      Check.equal("NodeCreated /away/last", watching.nextEvent());
    }
  }
}
