package skylark.harness;

import org.apache.rocketmq.tools.command.MQAdminStartup;

/** Runs mqadmin subcommands one after the other: NAMESRV COMMAND..., each command one argument. */
final class MqadminCommands {
    private MqadminCommands() {
    }

    public static void main(String[] args) {
        for (int n = 1; n < args.length; n++) {
            System.out.println("\n== " + args[n]);
            MQAdminStartup.main((args[n] + " -n " + args[0]).split(" "));
        }
        System.exit(0);
    }
}
