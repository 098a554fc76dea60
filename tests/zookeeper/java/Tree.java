import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.data.Stat;

/** What the tree of znodes answers. */
final class Tree {
  private Tree() {}

  static void createsReadsWritesAndDeletes() throws Exception {
    try (Client client = Client.connected()) {
      Check.equal("/tree", client.make("/tree", "first", CreateMode.PERSISTENT));
      Check.refuses(Code.NODEEXISTS, () -> client.make("/tree", ""));
      Check.refuses(Code.NONODE, () -> client.make("/none/child", ""));
      Stat read = new Stat();
      Check.equal("first", Client.text(client.getData("/tree", false, read)));
      Check.equal(0, read.getVersion());
      Check.equal(5, read.getDataLength());
      Check.equal(read.getCzxid(), read.getMzxid());
      Stat written = client.setData("/tree", Client.bytes("second"), 0);
      Check.equal(1, written.getVersion());
      Check.that("a change has a higher zxid", written.getMzxid() > read.getMzxid());
      Check.refuses(Code.BADVERSION, () -> client.setData("/tree", Client.bytes("third"), 0));
      client.make("/tree/child", "");
      Check.refuses(Code.NOTEMPTY, () -> client.delete("/tree", -1));
      Stat parent = new Stat();
      Check.equal(List.of("child"), client.getChildren("/tree", false, parent));
      Check.equal(1, parent.getNumChildren());
      Check.equal(1, parent.getCversion());
      Check.equal(1, client.getAllChildrenNumber("/tree"));
      Check.refuses(Code.BADVERSION, () -> client.delete("/tree/child", 7));
      client.delete("/tree/child", 0);
      client.delete("/tree", -1);
      Check.equal(null, client.exists("/tree", false));
      Check.refuses(Code.NONODE, () -> client.read("/tree"));
      Check.refuses(Code.NONODE, () -> client.delete("/tree", -1));
      Check.equal("", client.make("/tree", "", CreateMode.PERSISTENT).replace("/tree", ""));
      Check.equal(0, client.getData("/tree", false, null).length);
      client.delete("/tree", -1);
    }
  }

  static void createsEveryKindOfZnode() throws Exception {
    try (Client client = Client.connected()) {
      client.make("/kinds", "");
      Check.equal("/kinds/s-0000000000", client.make("/kinds/s-", "", CreateMode.PERSISTENT_SEQUENTIAL));
      Check.equal("/kinds/s-0000000001", client.make("/kinds/s-", "", CreateMode.EPHEMERAL_SEQUENTIAL));
      Stat stat = new Stat();
      client.create("/kinds/e", Client.bytes("1234"), Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL, stat);
      Check.equal(client.getSessionId(), stat.getEphemeralOwner());
      Check.equal(4, stat.getDataLength());
      Check.refuses(Code.NOCHILDRENFOREPHEMERALS, () -> client.make("/kinds/e/child", ""));
      client.make("/kinds/c", "", CreateMode.CONTAINER);
      client.create("/kinds/t", Client.bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, stat, 3_600_000);
      Check.equal(0L, stat.getEphemeralOwner());
      List<String> own = client.getEphemerals("/kinds");
      Collections.sort(own);
      Check.equal(List.of("/kinds/e", "/kinds/s-0000000001"), own);
      client.setData("/kinds", Client.bytes("grüße ☃"), -1);
      Check.equal("grüße ☃", client.read("/kinds"));
      Check.equal(5, client.getAllChildrenNumber("/kinds"));
    }
    try (Client later = Client.connected()) {
      later.catchUp();
      Check.equal(
          new TreeSet<>(List.of("s-0000000000", "c", "t")),
          new TreeSet<>(later.getChildren("/kinds", false)));
    }
  }

  static void livesBelowAChroot() throws Exception {
    try (Client outside = Client.connected()) {
      outside.make("/house", "");
      try (Client inside = Client.connected("/house")) {
        Check.equal("/room-0000000000", inside.make("/room-", "", CreateMode.PERSISTENT_SEQUENTIAL));
        inside.getData("/", true, null);
        outside.setData("/house", Client.bytes("painted"), -1);
        Check.equal("NodeDataChanged /", inside.nextEvent());
      }
      outside.catchUp();
      Check.equal(List.of("room-0000000000"), outside.getChildren("/house", false));
    }
  }

  static void doesAllOrNothing() throws Exception {
    try (Client client = Client.connected()) {
      client.make("/multi", "");
      List<OpResult> done =
          client.multi(
              List.of(
                  Op.check("/multi", 0),
                  Op.create("/multi/a", Client.bytes("1"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                  Op.create("/multi/s-", Client.bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL),
                  Op.setData("/multi/a", Client.bytes("2"), 0),
                  Op.delete("/multi/s-0000000001", -1)));
      Check.equal("/multi/a", ((OpResult.CreateResult) done.get(1)).getPath());
      Check.equal("/multi/s-0000000001", ((OpResult.CreateResult) done.get(2)).getPath());
      Stat written = ((OpResult.SetDataResult) done.get(3)).getStat();
      Check.equal(1, written.getVersion());
      Check.equal(written.getCzxid(), written.getMzxid());
      Check.equal(List.of("a"), client.getChildren("/multi", false));
      Check.equal(Arrays.asList(0, Code.BADVERSION.intValue(), -2), codesOfFailing(client));
      Check.equal(List.of("a"), client.getChildren("/multi", false));
      client.transaction().create("/multi/b", Client.bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT).delete("/multi/a", 1).commit();
      Check.equal(List.of("b"), client.getChildren("/multi", false));
      List<OpResult> read = client.multi(List.of(Op.getData("/multi/b"), Op.getChildren("/multi"), Op.getData("/multi/none")));
      Check.equal(0, ((OpResult.GetDataResult) read.get(0)).getData().length);
      Check.equal(List.of("b"), ((OpResult.GetChildrenResult) read.get(1)).getChildren());
      Check.equal(Code.NONODE.intValue(), ((OpResult.ErrorResult) read.get(2)).getErr());
      Check.equal(List.of(), client.multi(List.of()));
    }
  }

  private static List<Integer> codesOfFailing(Client client) throws Exception {
    List<Integer> codes = new ArrayList<>();
    try {
      client.multi(
          List.of(
              Op.create("/multi/c", Client.bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
              Op.check("/multi/a", 0),
              Op.delete("/multi/a", -1)));
    } catch (org.apache.zookeeper.KeeperException refusal) {
      Check.equal(Code.BADVERSION, refusal.code());
      for (OpResult result : refusal.getResults()) codes.add(((OpResult.ErrorResult) result).getErr());
    }
    return codes;
  }

  static void answersPipelinedRequestsInTheirOrder() throws Exception {
    int count = 2000;
    BlockingQueue<String> answered = new LinkedBlockingQueue<>();
    try (Client client = Client.connected()) {
      client.make("/pipeline", "");
      for (int number = 0; number < count; number += 1) {
        String path = "/pipeline/" + number;
        client.create(path, Client.bytes(path), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, (code, asked, context, name) -> answered.add(code + " " + name), null);
        client.getData(path, false, (code, asked, context, data, stat) -> answered.add(code + " " + Client.text(data)), null);
      }
      for (int number = 0; number < 2 * count; number += 1)
        Check.equal("0 /pipeline/" + number / 2, answered.poll(60, TimeUnit.SECONDS));
    }
    try (Client other = Client.connected()) {
      other.catchUp();
      Check.equal(count, other.getAllChildrenNumber("/pipeline"));
    }
  }
}
