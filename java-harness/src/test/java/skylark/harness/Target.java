package skylark.harness;

/** What the scenarios run against, for the few places where Skylark is better on purpose. */
enum Target {
    SKYLARK, JAVA;

    static final Target NOW = "java".equals(System.getProperty("target")) ? JAVA : SKYLARK;

    /** The version of the client jars, such as 4.3.0. */
    static final String CLIENT = System.getProperty("client.version", "4.9.8");

    static boolean clientIs(String version) {
        return CLIENT.startsWith(version);
    }
}
