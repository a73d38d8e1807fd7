//! The `skylark` binary.

fn main() -> std::process::ExitCode {
    skylark::cli::main()
}
