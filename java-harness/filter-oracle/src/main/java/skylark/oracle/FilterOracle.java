package skylark.oracle;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.filter.FilterFactory;
import org.apache.rocketmq.filter.expression.EvaluationContext;
import org.apache.rocketmq.filter.expression.Expression;
import org.apache.rocketmq.filter.expression.MQFilterException;

/**
 * Says what the Java broker's filter makes of expressions and messages.
 *
 * One case a line: the expression, then the properties strings of any number of messages, each in hexadecimal UTF-8 and
 * separated by tabs. The answer is a line too: E if the expression is refused, with the reason behind it; else one letter
 * a message: T true, F false, N unknown, X failed.
 */
public final class FilterOracle {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.write(answer(line.split("\t", -1)));
            out.write('\n');
        }
        out.flush();
    }

    private static String answer(String[] fields) {
        Expression expression;
        try {
            expression = FilterFactory.INSTANCE.get("SQL92").compile(text(fields[0]));
        } catch (MQFilterException refused) {
            return "E " + String.valueOf(refused.getMessage()).replaceAll("\\s+", " ");
        }
        StringBuilder verdicts = new StringBuilder();
        for (int i = 1; i < fields.length; i++) {
            verdicts.append(verdict(expression, MessageDecoder.string2messageProperties(text(fields[i]))));
        }
        return verdicts.toString();
    }

    private static char verdict(Expression expression, Map<String, String> properties) {
        try {
            Object value = expression.evaluate(new Message(properties));
            return value == null ? 'N' : Boolean.TRUE.equals(value) ? 'T' : 'F';
        } catch (Exception failed) {
            return 'X';
        }
    }

    private static String text(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A message as the broker shows it to an expression: all values are texts. */
    private static final class Message implements EvaluationContext {
        private final Map<String, String> properties;

        Message(Map<String, String> properties) {
            this.properties = properties;
        }

        @Override
        public Object get(String name) {
            return properties.get(name);
        }

        @Override
        @SuppressWarnings({"unchecked", "rawtypes"})
        public Map<String, Object> keyValues() {
            return (Map) properties;
        }
    }
}
