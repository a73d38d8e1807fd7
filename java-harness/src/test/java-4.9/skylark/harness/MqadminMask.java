package skylark.harness;

import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.serializer.SerializerFeature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes out of a subcommand's output what is another each time, and the order of what has none. */
final class MqadminMask {
    /** Their lines come in the order of a hash table. */
    private static final Set<String> UNORDERED = new HashSet<>(Arrays.asList(
        "brokerConsumeStats", "brokerStatus", "consumerConnection", "consumerProgress", "consumerStatus", "getBrokerConfig",
        "getNamesrvConfig", "producer", "resetOffsetByTime", "skipAccumulatedMessage", "statsAll", "topicList", "startMonitoring"));
    /** In every text, in this order: a pattern and what stands for it. */
    private static final String[][] ALWAYS = {
        {"\\d{4}-\\d\\d-\\d\\d[ #]\\d\\d:\\d\\d:\\d\\d([:,.]\\d{3})?", "TIME"},
        {"(?<![.\\w])(1[5-9]\\d{11}|20\\d{15}|20\\d{12})\\b", "TIME"},
        {"\\b[0-9A-F]{56}\\b|\\b[0-9A-F]{32}\\b", "ID"},
        {"/?127\\.0\\.0\\.1:\\d+", "ADDRESS"},
        {"/?\\d+\\.\\d+\\.\\d+\\.\\d+:\\d+", "ADDRESS"},
        {"V\\d_\\d+_\\d+(_SNAPSHOT)?\\b", "VERSION"},
        {"/tmp/\\.tmp\\w+/", "FOLDER/"},
        {"\\$\\$Lambda.*|@[0-9a-f]{5,8}\\b", "@N"},
        {"(CommitLog Offset:|commitLogOffset=|physicOffset[=:]) *\\d+", "$1 N"},
        {"MonitorService_-?\\d+", "MonitorService"},
        {"timeout, \\d+\\(ms\\)", "timeout"},
        {"(spentTimeMills=|[Rr]t=|ConsumeTPS: |Consume TPS: |Avg RT: |costTime=)[0-9.]+", "$1N"},
    };

    /** Besides, in the texts of one subcommand: its name, a pattern and what stands for it. */
    private static final String[][] SOMETIMES = {
        {"brokerStatus", "^((?!.*scheduleMessageOffset_)[^:]*: ?)(.*)", "$1"},
        {"clusterList", "(VERSION) .*", "$1 NUMBERS"},
        {"clusterList", "(broker-a)( +\\d+){4}", "$1 NUMBERS"},
        {"consumerProgress", "((PUSH|PULL) .*) \\d+ +(\\d+)$", "$1 TPS $3"},
        {"consumerStatus", "( +\\d+\\.\\d\\d){5} +\\d+", " RATES"},
        {"consumerStatus", "^\\d+( +\\{online)", "N$1"},
        {"checkMsgSendRT", "(true|false) +\\d+$", "$1 N"},
        {"clusterRT", "(DefaultCluster +broker-a) +[0-9.]+", "$1 N"},
        {"clusterRT", "(broker-a\\|)\\d+$", "$1N"},
        {"exportMetrics", "\"\\d+\\.\\d+\"|(?<=[a-z](Tps|Num)\":)[0-9.]+", "N"},
        {"getBrokerConfig", "([pP]ort += +)\\d+", "$1PORT"},
        {"getNamesrvConfig", "([pP]ort += +)\\d+", "$1PORT"},
        {"producer", "^.*CLIENT_INNER_PRODUCER.*$", ""},
        {"sendMsgStatus", "queueId=\\d+], queueOffset=\\d+", "queueId=N], queueOffset=N"},
        {"startMonitoring", "(DelayTimeMills=)\\d+", "$1N"},
        {"queryMsgTraceById", " \\d+ms", " MS"},
        {"statsAll", "( +\\d+\\.\\d\\d){2} +\\d+ +\\d+", " RATES"},
        {"statsAll", "( +\\d+\\.\\d\\d) +\\d+", " RATES"},
    };

    /** Up to the brace at the end, past those of names within. */
    private static final Pattern PROPERTIES = Pattern.compile("(Properties: \\{|properties=\\{)((?:[^{}]|\\{[^{}]*})*)}");

    private MqadminMask() {
    }

    static String mask(String title, String text) {
        String subcommand = title.split(" ")[0];
        // Of a stack only that it is there.
        String plain = title.endsWith(".json") && text.startsWith("{") ? sortedJson(text) : text.replaceAll("(?s)(#Consumer jstack#).*", "$1");
        List<String> lines = new ArrayList<>();
        // Printed one behind the other, in the order of a hash table.
        for (String line : plain.replace("MessageTrack [", "\nMessageTrack [").split("\n")) {
            if (!isNoise(line)) {
                lines.add(maskLine(subcommand, line));
            }
        }
        lines.removeIf(String::isEmpty);
        sort(lines, UNORDERED.contains(subcommand) ? "" : "MessageTrack [");
        StringBuilder masked = new StringBuilder();
        lines.forEach(line -> masked.append(line).append('\n'));
        return masked.toString();
    }

    private static String maskLine(String subcommand, String line) {
        String masked = line;
        for (String[] rule : ALWAYS) {
            masked = masked.replaceAll(rule[0], rule[1]);
        }
        for (String[] rule : SOMETIMES) {
            if (rule[0].equals(subcommand)) {
                masked = masked.replaceAll(rule[1], rule[2]);
            }
        }
        return sortedProperties(masked.replaceAll("\\s+", " ").trim());
    }

    /** The properties of a message come in the order of a hash table. */
    private static String sortedProperties(String line) {
        Matcher properties = PROPERTIES.matcher(line);
        StringBuffer sorted = new StringBuffer();
        while (properties.find()) {
            String[] entries = properties.group(2).split(", ");
            Arrays.sort(entries);
            properties.appendReplacement(sorted, Matcher.quoteReplacement(properties.group(1) + String.join(", ", entries) + "}"));
        }
        return properties.appendTail(sorted).toString();
    }

    /** Stack traces, what the client libraries say about themselves, and what is said from the second minute on. */
    private static boolean isNoise(String line) {
        return line.startsWith("\tat ") || line.matches("\t\\.\\.\\. \\d+ more") || line.contains("RocketMQLog:") || line.startsWith("SLF4J:")
            || line.contains("can't consume for a while");
    }

    /** Sorts each run of lines that begin so among themselves. */
    private static void sort(List<String> lines, String beginning) {
        for (int from = 0; from < lines.size(); ) {
            int to = from;
            while (to < lines.size() && lines.get(to).startsWith(beginning)) {
                to++;
            }
            Collections.sort(lines.subList(from, to));
            from = Math.max(to, from + 1);
        }
    }

    private static String sortedJson(String text) {
        return JSON.toJSONString(JSON.parse(text), SerializerFeature.MapSortField, SerializerFeature.PrettyFormat);
    }
}
