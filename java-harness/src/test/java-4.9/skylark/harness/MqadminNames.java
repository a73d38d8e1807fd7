package skylark.harness;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is another each time (addresses, ids, points in time), by the name that stands for it in commands and transcripts. */
final class MqadminNames {
    private static final Pattern NAME = Pattern.compile("\\{([^{}]+)}");

    private final Map<String, String> values = new LinkedHashMap<>();
    private final Map<String, Long> times = new LinkedHashMap<>();

    void put(String name, String value) {
        values.put(name, value);
    }

    /** A point in time, for commands only: in a text it looks like any other. */
    void putTime(String name, long ms) {
        times.put(name, ms);
    }

    String get(String name) {
        String value = times.containsKey(name) ? times.get(name).toString() : values.get(name);
        if (value == null) {
            throw new AssertionError("nothing is named " + name);
        }
        return value;
    }

    /** But for the times. */
    Collection<String> values() {
        return values.values();
    }

    /** A command with the values in place of the names in braces. */
    String fill(String command) {
        Matcher names = NAME.matcher(command);
        StringBuffer filled = new StringBuffer();
        while (names.find()) {
            names.appendReplacement(filled, Matcher.quoteReplacement(get(names.group(1))));
        }
        return names.appendTail(filled).toString();
    }

    /** A text with the names in place of the values; of two values, one within the other, the longer is seen first. */
    String mask(String text) {
        List<Map.Entry<String, String>> longestFirst = new ArrayList<>(values.entrySet());
        longestFirst.sort(Comparator.comparingInt(entry -> -entry.getValue().length()));
        String masked = text;
        for (Map.Entry<String, String> entry : longestFirst) {
            masked = masked.replace(entry.getValue(), "{" + entry.getKey() + "}");
        }
        return masked;
    }
}
