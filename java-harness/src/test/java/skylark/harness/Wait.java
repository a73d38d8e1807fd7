package skylark.harness;

import java.util.concurrent.Callable;

/** Waits for states; no scenario sleeps a fixed time for one, or asserts speed. */
final class Wait {
    private static final long DEADLINE_MS = 60_000;

    private Wait() {
    }

    /** Looks until {@code reached}; an exception counts as "not yet" and is told if the state never comes. */
    static void until(String what, Callable<Boolean> reached) throws InterruptedException {
        long started = System.nanoTime();
        Exception last = null;
        while (true) {
            try {
                if (reached.call()) {
                    return;
                }
            } catch (InterruptedException stop) {
                throw stop;
            } catch (Exception notYet) {
                last = notYet;
            }
            if (System.nanoTime() - started > DEADLINE_MS * 1_000_000) {
                throw new AssertionError("not reached within " + DEADLINE_MS + " ms: " + what, last);
            }
            Thread.sleep(20);
        }
    }
}
