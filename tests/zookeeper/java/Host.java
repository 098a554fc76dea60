import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;

/**
 * Carries out scenarios by name ("Tree answersAsAsked"), one for each line that it reads, and says "passed" or
 * "failed" with the reason in one line. While one runs it may ask its parent for something: a line "please kill
 * PORT" or "please pause PATH" (this process, until the znode is gone), answered by one line when it is done.
 */
public final class Host {
  private static final BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
  private static String servers;

  private Host() {}

  public static void main(String[] arguments) throws IOException {
    servers = arguments[0];
    for (String line; (line = input.readLine()) != null; ) {
      String[] name = line.split(" ");
      try {
        Class.forName(name[0]).getDeclaredMethod(name[1]).invoke(null);
        System.out.println("passed");
      } catch (InvocationTargetException failure) {
        System.out.println("failed " + oneLine(failure.getCause()));
      } catch (ReflectiveOperationException failure) {
        System.out.println("failed " + oneLine(failure));
      }
    }
    // Sessions that a failed scenario has left open have threads of their own.
    System.exit(0);
  }

  /** As clients take it: HOST:PORT,HOST:PORT,… */
  static String servers() {
    return servers;
  }

  static void please(String wish) throws IOException {
    System.out.println("please " + wish);
    input.readLine();
  }

  private static String oneLine(Throwable failure) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return text.toString().replace('\n', '|');
  }
}
