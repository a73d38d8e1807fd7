package skylark.harness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;

/**
 * Runs every mqadmin subcommand against one cluster that nobody else uses: NAMESRV BROKER. Into the working folder it writes
 * {@code transcript.txt}, what was printed and written with all masked that is another each time, and {@code raw.txt}, the
 * same unmasked. The process fails when a registered subcommand was not run.
 */
final class MqadminTranscript {
    final MqadminNames names = new MqadminNames();
    private final Set<String> ran = new TreeSet<>();
    private final StringBuilder raw = new StringBuilder();
    private final StringBuilder masked = new StringBuilder();
    private String running = "nothing";

    public static void main(String[] args) throws Exception {
        // Before the first class of RocketMQ reads them.
        System.setProperty("rocketmq.home.dir", MqadminTranscript.class.getResource("/").getPath());
        System.setProperty("rocketmq.client.logRoot", Paths.get("logs").toAbsolutePath().toString());
        System.setProperty("rocketmq.client.localOffsetStoreDir", Paths.get("offsets").toAbsolutePath().toString());
        System.setProperty("rocketmq.namesrv.addr", args[0]);
        // A slow answer must not take a consumer offline.
        System.setProperty("com.rocketmq.remoting.client.closeSocketIfTimeout", "false");
        MqadminTranscript transcript = new MqadminTranscript();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.err.println("ended after: " + transcript.running)));
        transcript.names.put("namesrv", args[0]);
        transcript.names.put("broker", args[1]);
        int status = 1;
        try {
            transcript.runAll();
            status = 0;
        } catch (Throwable failure) {
            failure.printStackTrace();
        } finally {
            transcript.write();
            transcript.deleteBodies();
        }
        System.exit(status);
    }

    private void runAll() throws Exception {
        MqadminCreations.run(this);
        MqadminState state = new MqadminState(names);
        state.prepare();
        MqadminReads.run(this, state);
        MqadminChanges.run(this, state);
        Set<String> missing = new TreeSet<>(MqadminTool.subcommands());
        int registered = missing.size();
        missing.removeAll(ran);
        if (!missing.isEmpty()) {
            throw new AssertionError("never run: " + missing);
        }
        masked.append("== all ").append(registered).append(" subcommands were run\n");
    }

    /** Runs the commands one after the other and writes down what they print. */
    void run(String... commands) throws InterruptedException {
        for (String command : commands) {
            begin(command);
            record(command, MqadminTool.run(names.get("namesrv"), names.fill(command)));
        }
    }

    /** A command that would go on for ever: until it has printed {@code last}. */
    void runUntil(String last, String command) throws InterruptedException {
        begin(command);
        record(command, MqadminTool.runUntil(names.get("namesrv"), names.fill(command), last));
    }

    /** Runs a command, and again as long as what it does is not what {@code reached} waits for; the last run is written down. */
    void runTill(String what, Callable<Boolean> reached, String command) throws InterruptedException {
        begin(command);
        String[] printed = new String[1];
        Wait.until(what, () -> {
            printed[0] = MqadminTool.run(names.get("namesrv"), names.fill(command));
            return reached.call();
        });
        record(command, printed[0]);
    }

    /** Writes down a file that the command has written, and deletes it. */
    void file(String command, Path path) throws IOException {
        String text = Files.exists(path) ? new String(Files.readAllBytes(path), StandardCharsets.UTF_8) : "(not written)";
        record(command + " > " + path.getFileName(), text);
        Files.deleteIfExists(path);
    }

    /** Writes down a text that came by another way. */
    void record(String title, String text) {
        raw.append("== ").append(title).append('\n').append(text).append('\n');
        masked.append("== ").append(names.mask(title)).append('\n').append(MqadminMask.mask(title, names.mask(text)));
    }

    private void begin(String command) {
        running = command;
        ran.add(command.split(" ")[0]);
    }

    /** Several subcommands write each message's body into a folder that cannot be chosen, in a file of its id. */
    static Path body(String id) {
        return Paths.get("/tmp/rocketmq/msgbodys", id);
    }

    private void deleteBodies() throws IOException {
        for (String id : names.values()) {
            Files.deleteIfExists(body(id));
        }
    }

    private void write() throws IOException {
        Files.write(Paths.get("raw.txt"), raw.toString().getBytes(StandardCharsets.UTF_8));
        Files.write(Paths.get("transcript.txt"), masked.toString().getBytes(StandardCharsets.UTF_8));
    }
}
