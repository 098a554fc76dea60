import java.util.Arrays;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

/** Who may do what. */
final class Access {
  private static final byte[] CREDENTIALS = Client.bytes("alice:secret");

  private Access() {}

  static void isForThoseWhoAreNamed() throws Exception {
    try (Client alice = Client.connected();
        Client stranger = Client.connected()) {
      alice.addAuthInfo("digest", CREDENTIALS);
      alice.create("/access", Client.bytes("hers"), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
      String id = DigestAuthenticationProvider.generateDigest("alice:secret");
      Check.equal(List.of(new ACL(Perms.ALL, new Id("digest", id))), alice.getACL("/access", new Stat()));
      stranger.catchUp();
      Check.refuses(Code.NOAUTH, () -> stranger.read("/access"));
      Check.refuses(Code.NOAUTH, () -> stranger.setData("/access", Client.bytes(""), -1));
      Check.refuses(Code.NOAUTH, () -> stranger.make("/access/child", ""));
      Check.refuses(Code.NOAUTH, () -> stranger.setACL("/access", Ids.OPEN_ACL_UNSAFE, -1));
      Check.refuses(Code.NOAUTH, () -> stranger.getACL("/access", new Stat()));
      ACL hers = new ACL(Perms.ALL, new Id("digest", id));
      ACL reading = new ACL(Perms.READ, Ids.ANYONE_ID_UNSAFE);
      Check.equal(1, alice.setACL("/access", Arrays.asList(hers, reading), 0).getAversion());
      stranger.catchUp();
      Check.equal("hers", stranger.read("/access"));
      Check.equal(new ACL(Perms.ALL, new Id("digest", "alice:x")), stranger.getACL("/access", new Stat()).get(0));
      Check.refuses(Code.BADVERSION, () -> alice.setACL("/access", Arrays.asList(hers), 0));
      stranger.addAuthInfo("digest", CREDENTIALS);
      Check.equal("/access/child", stranger.make("/access/child", "", CreateMode.PERSISTENT));
      Check.refuses(Code.INVALIDACL, () -> alice.create("/bad", Client.bytes(""), Arrays.asList(), CreateMode.PERSISTENT));
      ACL nameless = new ACL(Perms.ALL, new Id());
      Check.refuses(Code.INVALIDACL, () -> alice.create("/bad", Client.bytes(""), Arrays.asList(nameless), CreateMode.PERSISTENT));
      ACL whoever = new ACL(Perms.ALL, new Id("auth", null));
      alice.create("/access/auth", Client.bytes(""), Arrays.asList(whoever), CreateMode.PERSISTENT);
      Check.equal(List.of(hers), alice.getACL("/access/auth", new Stat()));
    }
    try (Client nobody = Client.connected()) {
      Check.refuses(Code.INVALIDACL, () -> nobody.create("/bad", Client.bytes(""), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
      ACL here = new ACL(Perms.ALL, new Id("ip", "127.0.0.1"));
      nobody.create("/here", Client.bytes("near"), Arrays.asList(here), CreateMode.PERSISTENT);
      Check.equal("near", nobody.read("/here"));
      nobody.setACL("/here", Arrays.asList(new ACL(Perms.READ, new Id("ip", "10.0.0.0/8")), new ACL(Perms.ADMIN, Ids.ANYONE_ID_UNSAFE)), -1);
      Check.refuses(Code.NOAUTH, () -> nobody.read("/here"));
    }
  }

  static void isToldToWhoAsks() throws Exception {
    try (Client alice = Client.connected()) {
      Check.equal(List.of("ip 127.0.0.1"), names(alice));
      alice.addAuthInfo("digest", CREDENTIALS);
      Check.equal(List.of("digest alice", "ip 127.0.0.1"), names(alice));
    }
  }

  private static List<String> names(Client client) throws Exception {
    return client.whoAmI().stream()
        .map((ClientInfo info) -> info.getAuthScheme() + " " + info.getUser())
        .sorted()
        .toList();
  }
}
