package skylark.apacheit;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.runner.Description;
import org.junit.runner.notification.RunListener;

/**
 * Ends this JVM when a test does not end, and bounds what it prints.
 *
 * <p>SqlFilterIT pulls again, at once and forever, as long as a broker refuses it, and prints each refusal.
 */
public class Watch extends RunListener {
    private static final long TEST_SECONDS_MAX = Integer.getInteger("test.seconds", 420);
    private static final long PRINTED_BYTES_MAX = 4 << 20;

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(Watch::daemon);
    private final PrintStream errors = System.err;
    private Future<?> end;

    public Watch() {
        System.setOut(bounded(System.out));
        System.setErr(bounded(System.err));
    }

    @Override
    public void testStarted(Description test) {
        end = clock.schedule(() -> giveUp(test), TEST_SECONDS_MAX, TimeUnit.SECONDS);
    }

    @Override
    public void testFinished(Description test) {
        end.cancel(false);
    }

    private void giveUp(Description test) {
        errors.println(test + " has not ended after " + TEST_SECONDS_MAX + " s");
        errors.flush();
        Runtime.getRuntime().halt(1);
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "watch");
        thread.setDaemon(true);
        return thread;
    }

    private static PrintStream bounded(OutputStream out) {
        return new PrintStream(new FilterOutputStream(out) {
            private long left = PRINTED_BYTES_MAX;

            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public synchronized void write(byte[] bytes, int start, int length) throws IOException {
                if (length <= left) {
                    out.write(bytes, start, length);
                    left -= length;
                }
            }
        }, true);
    }
}
