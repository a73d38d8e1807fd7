//! One server process: started, waited for, stopped, killed.

use crate::wait::wait_for;
use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A process with its log; it dies with this handle.
pub struct Server {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `command`; what it prints goes to the end of `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Server {
        let open_log = || OpenOptions::new().create(true).append(true).open(log).expect("open the server's log");
        let child = command
            .stdin(Stdio::null())
            .stdout(open_log())
            .stderr(open_log())
            .spawn()
            .unwrap_or_else(|error| panic!("start {name} ({:?}): {error}", command.get_program()));
        Server { name: name.into(), child, log: log.into() }
    }

    /// Waits until `ready` says so; `Err` with the log's end if the process exits before.
    pub fn wait_ready(&mut self, mut ready: impl FnMut() -> bool) -> Result<(), String> {
        let name = self.name.clone();
        wait_for(&format!("{name} is ready"), || match self.exited() {
            Some(status) => Some(Err(format!("{name} ended with {status}:\n{}", self.log_end()))),
            None => ready().then_some(Ok(())),
        })
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, if it has exited.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("ask for the state of a child")
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        let name = self.name.clone();
        wait_for(&format!("{name} ends after SIGTERM"), || self.exited())
    }

    /// Sends a signal by name.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.pid().to_string()]).stderr(Stdio::null()).status();
        sent.expect("run kill");
    }

    /// Resident memory in bytes, as the kernel counts it.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
    }

    /// All it has printed.
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- end of the log of {}:\n{}", self.name, self.log_end());
        }
    }
}

/// Ports that a server and those it derives from its own (`offsets`) can listen on; below the range of outgoing connections.
pub fn free_port(offsets: &[i32]) -> u16 {
    wait_for("a free port", || {
        let port = fastrand::u16(20_000..31_000);
        let free = |offset: &i32| TcpListener::bind(("127.0.0.1", (i32::from(port) + offset) as u16)).is_ok();
        offsets.iter().all(free).then_some(port)
    })
}

/// Writes a properties file.
pub fn write_properties(path: &Path, properties: &[(String, String)]) {
    let text: String = properties.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    let mut file = File::create(path).expect("create a configuration file");
    std::io::Write::write_all(&mut file, text.as_bytes()).expect("write a configuration file");
}
