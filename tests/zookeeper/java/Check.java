import java.util.Objects;
import org.apache.zookeeper.KeeperException;

/** What has to be; the exception says what is instead. */
final class Check {
  private Check() {}

  interface Call {
    void make() throws Exception;
  }

  static void equal(Object expected, Object actual) {
    if (!Objects.equals(expected, actual))
      throw new AssertionError("expected " + expected + ", got " + actual);
  }

  static void that(String what, boolean holds) {
    if (!holds) throw new AssertionError(what);
  }

  static void refuses(KeeperException.Code code, Call call) throws Exception {
    try {
      call.make();
    } catch (KeeperException refusal) {
      equal(code, refusal.code());
      return;
    }
    throw new AssertionError("expected " + code + ", but it was done");
  }
}
