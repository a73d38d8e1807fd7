//! `cargo run -p compat-tests [skylark|java]`: a NameServer and a broker in the foreground, for trying things by hand.
//!
//! Their addresses are printed; they end, and their files go, when standard input closes.

use compat_tests::cluster::{Cluster, Target};
use std::io::Read;

fn main() {
    let target = match std::env::args().nth(1).as_deref() {
        Some("java") => Target::Java,
        Some("skylark") => Target::Skylark,
        _ => Target::asked(),
    };
    let cluster = Cluster::with(target, &[]);
    println!("target={} namesrv={} broker={}", target.name(), cluster.namesrv.address, cluster.broker.address());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
