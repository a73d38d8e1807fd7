package skylark.harness;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.rocketmq.tools.command.MQAdminStartup;
import org.apache.rocketmq.tools.command.SubCommand;

/** The stock mqadmin, its subcommands run within this process as its start script runs each in a process of its own. */
final class MqadminTool extends MQAdminStartup {
    private static final long DEADLINE_MS = 60_000;

    private MqadminTool() {
    }

    /** The names of the registered subcommands. */
    static List<String> subcommands() {
        subCommandList.clear();
        initCommand();
        return subCommandList.stream().map(SubCommand::commandName).collect(Collectors.toList());
    }

    /** What the subcommand prints, on either stream. */
    static String run(String namesrv, String command) throws InterruptedException {
        return runUntil(namesrv, command, null);
    }

    /** As {@link #run}, but the subcommand would go on for ever: it is interrupted once it has printed {@code last}. */
    static String runUntil(String namesrv, String command, String last) throws InterruptedException {
        List<String> line = new ArrayList<>(Arrays.asList(command.split(" ")));
        line.addAll(Arrays.asList("-n", namesrv));
        // Subcommands keep clients and options in fields: fresh ones, as in a new process.
        subCommandList.clear();
        Thread tool = new Thread(() -> main(line.toArray(new String[0])), "mqadmin");
        tool.setDaemon(true);
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream capture = new PrintStream(printed, true);
        System.setOut(capture);
        System.setErr(capture);
        try {
            tool.start();
            if (last != null) {
                Wait.until(command + " prints " + last, () -> printed.toString().contains(last));
                tool.interrupt();
            }
            tool.join(DEADLINE_MS);
            if (tool.isAlive()) {
                throw new AssertionError("does not end: " + command + "\n" + printed);
            }
            return printed.toString();
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }
}
