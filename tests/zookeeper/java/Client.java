import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/** ZooKeeper's own client, connected, with what its watches tell in a queue. */
final class Client extends ZooKeeper {
  static final int TIMEOUT_MS = 6000;
  private static final int PATIENCE_S = 60;

  private final Told told;

  private Client(String servers, Told told) throws IOException {
    super(servers, TIMEOUT_MS, told);
    this.told = told;
  }

  static Client connected() throws Exception {
    return connected("");
  }

  /** Below this path, which has to be there for anything to be done. */
  static Client connected(String chroot) throws Exception {
    Client client = new Client(Host.servers() + chroot, new Told());
    client.expectState(Watcher.Event.KeeperState.SyncConnected);
    return client;
  }

  /** The next thing that a watch tells, as "NodeCreated /path". */
  String nextEvent() throws InterruptedException {
    return next(told.events);
  }

  /** Waits for the connection's state; others before it are passed over. */
  void expectState(Watcher.Event.KeeperState state) throws InterruptedException {
    while (!next(told.states).equals(state.toString())) {}
  }

  int memberPort() {
    return ((InetSocketAddress) testableRemoteSocketAddress()).getPort();
  }

  void make(String path, String data) throws Exception {
    make(path, data, CreateMode.PERSISTENT);
  }

  String make(String path, String data, CreateMode mode) throws Exception {
    return create(path, bytes(data), Ids.OPEN_ACL_UNSAFE, mode);
  }

  String read(String path) throws Exception {
    return text(getData(path, false, null));
  }

  /** Until its member has everything that was written before: other members may be behind. */
  void catchUp() throws Exception {
    CompletableFuture<Integer> code = new CompletableFuture<>();
    sync("/", (result, path, context) -> code.complete(result), null);
    Check.equal(0, code.get(PATIENCE_S, TimeUnit.SECONDS));
  }

  /** Writes an event into the queue like the default watcher of the session. */
  Watcher watcher() {
    return told;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] data) {
    return new String(data, StandardCharsets.UTF_8);
  }

  private static String next(BlockingQueue<String> queue) throws InterruptedException {
    String next = queue.poll(PATIENCE_S, TimeUnit.SECONDS);
    if (next == null) throw new AssertionError("nothing was told");
    return next;
  }

  private static final class Told implements Watcher {
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> states = new LinkedBlockingQueue<>();

    @Override
    public void process(WatchedEvent event) {
      if (event.getType() == Event.EventType.None) states.add(event.getState().toString());
      else events.add(event.getType() + " " + event.getPath());
    }
  }
}
