//! The arguments. Options are those of Java's `mqnamesrv` and `mqbroker`; any setting can be given as `--key=value`.

use std::path::{Path, PathBuf};

pub(super) const HELP: &str = "\
Usage: skylark [namesrv | broker] [options]

  skylark            NameServer and broker in one process
  skylark namesrv    a NameServer; also when called as mqnamesrv
  skylark broker     a broker; also when called as mqbroker

Options:
  -n, --namesrvAddr ADDRS       NameServers of the broker, host:port separated by ;
  -c, --configFile FILE         properties file; of the broker where both run
  -p, --printConfigItem         print all settings and exit
  -m, --printImportantConfig    print the important settings and exit
      --KEY=VALUE               any setting; of the broker where both run,
      --namesrv.KEY=VALUE       of the NameServer where both run
  -h, --help                    print this and exit
      --version                 print the version and exit

Settings are also read from the environment: ROCKETMQ_KEY=VALUE, where both run
ROCKETMQ_NAMESRV_KEY=VALUE for the NameServer. SKYLARK_LOG or RUST_LOG set the
level of the log, NAMESRV_ADDR is the default of namesrvAddr.
";

/// What the process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Namesrv,
    Broker,
    Both,
}

/// Which settings to print instead of running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Print {
    All,
    Important,
}

#[derive(PartialEq, Eq, Debug)]
pub(super) struct Args {
    pub(super) role: Role,
    pub(super) config_file: Option<PathBuf>,
    pub(super) print: Option<Print>,
    /// Key and value, in their order.
    pub(super) assignments: Vec<(String, String)>,
}

#[derive(PartialEq, Eq, Debug)]
pub(super) enum Parsed {
    Run(Args),
    Help,
    Version,
}

impl Args {
    /// Reads the arguments, the name of the program first.
    pub(super) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Parsed, String> {
        let mut arguments = arguments.into_iter();
        let mut role = role_of_program(&arguments.next().unwrap_or_default());
        let (mut config_file, mut print, mut assignments) = (None, None, Vec::new());
        let mut first = true;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "namesrv" if first => role = Role::Namesrv,
                "broker" if first => role = Role::Broker,
                "-h" | "--help" => return Ok(Parsed::Help),
                "--version" => return Ok(Parsed::Version),
                "-p" | "--printConfigItem" => print = Some(Print::All),
                "-m" | "--printImportantConfig" => print = Some(Print::Important),
                "-c" | "--configFile" => config_file = Some(PathBuf::from(value()?)),
                "-n" | "--namesrvAddr" => assignments.push(("namesrvAddr".to_owned(), value()?)),
                _ => assignments.push(assignment(&argument)?),
            }
            first = false;
        }
        Ok(Parsed::Run(Args { role, config_file, print, assignments }))
    }
}

fn role_of_program(path: &str) -> Role {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match name {
        "mqnamesrv" => Role::Namesrv,
        "mqbroker" => Role::Broker,
        _ => Role::Both,
    }
}

fn assignment(argument: &str) -> Result<(String, String), String> {
    let parts = argument.strip_prefix("--").and_then(|assignment| assignment.split_once('='));
    match parts {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("unknown argument {argument}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Parsed, String> {
        Args::parse(line.split(' ').map(str::to_owned))
    }

    #[track_caller]
    fn check(line: &str, role: Role, config_file: Option<&str>, assignments: &[(&str, &str)]) {
        let assignments = assignments.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let args = Args { role, config_file: config_file.map(PathBuf::from), print: None, assignments };
        assert_eq!(parse(line), Ok(Parsed::Run(args)));
    }

    #[test]
    fn the_role_is_the_first_word_or_the_name() {
        check("skylark", Role::Both, None, &[]);
        check("skylark namesrv", Role::Namesrv, None, &[]);
        check("/bin/skylark broker", Role::Broker, None, &[]);
        check("bin/mqnamesrv -c n.conf", Role::Namesrv, Some("n.conf"), &[]);
        check(
            "mqbroker -n a:1;b:2 --brokerName=x",
            Role::Broker,
            None,
            &[("namesrvAddr", "a:1;b:2"), ("brokerName", "x")],
        );
    }

    #[test]
    fn help_version_and_printing() {
        assert_eq!(parse("skylark broker -h"), Ok(Parsed::Help));
        assert_eq!(parse("skylark --version"), Ok(Parsed::Version));
        for (option, print) in [("-p", Print::All), ("--printImportantConfig", Print::Important)] {
            let Ok(Parsed::Run(args)) = parse(&format!("skylark {option}")) else { panic!("{option} does not run") };
            assert_eq!(args.print, Some(print));
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!(parse("skylark -c"), Err("-c needs a value".to_owned()));
        assert_eq!(parse("skylark -x"), Err("unknown argument -x".to_owned()));
        assert_eq!(parse("skylark -p broker"), Err("unknown argument broker".to_owned()));
        assert_eq!(parse("skylark --brokerName"), Err("unknown argument --brokerName".to_owned()));
    }
}
