//! The command line: one binary that is a NameServer, a broker, or both.
//!
//! Owns the arguments, the order in which things start and end, the signals and the log. Must not know what servers do.

mod args;
mod log;
mod settings;
mod serve;

use std::process::ExitCode;

use args::{Args, Parsed};

/// What a process that was asked for something impossible exits with.
const EXIT_USAGE: u8 = 2;

/// Runs the program.
pub fn main() -> ExitCode {
    let started = std::time::Instant::now();
    match Args::parse(std::env::args_os().map(|argument| argument.to_string_lossy().into_owned())) {
        Ok(Parsed::Run(args)) => run(&args, started),
        Ok(Parsed::Help) => {
            print!("{}", args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Parsed::Version) => {
            println!("skylark {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("skylark: {fault}\n\n{}", args::HELP);
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn run(args: &Args, started: std::time::Instant) -> ExitCode {
    log::start();
    let settings = match settings::load(args, &mut variables()) {
        Ok(settings) => settings,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(print) = args.print {
        print!("{}", settings.show(print));
        return ExitCode::SUCCESS;
    }
    settings.warn();
    serve::serve(settings, started)
}

/// The environment, as far as it is text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
