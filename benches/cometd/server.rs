use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::programs::Program;

const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";
/// What Linux counts CPU time in, whatever its own clock.
const TICKS_PER_SECOND: u64 = 100;

/// A program under measurement, in a process and on a core of its own.
pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Server {
    pub(crate) fn start(program: Program) -> Self {
        let this = std::env::current_exe().unwrap();
        let mut command = if has_two_cores() {
            let mut pinned = Command::new("taskset");
            pinned.args(["-c", SERVER_CORE]).arg(this);
            pinned
        } else {
            Command::new(this)
        };
        // It ends when its standard input does, so that it never outlives the benchmark.
        let mut process = command
            .args(["--serve", program.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset of util-linux starts the server");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            program,
            address: line.trim().parse().expect("it says where it listens"),
            process,
        }
    }

    /// CPU time of all its threads so far, in user and kernel mode.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.read("stat");
        // The name in parentheses may hold anything.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let ticks: u64 = fields
            .split(' ')
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().unwrap())
            .sum();
        Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
    }

    /// Bytes of memory it has in use.
    pub(crate) fn resident(&self) -> u64 {
        let status = self.read("status");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Keeps this process off the server's core, and says so if there is no other.
pub(crate) fn pin_load() {
    if !has_two_cores() {
        println!("One core only: the server shares it with the load, and figures are too high.\n");
        return;
    }
    let pinned = Command::new("taskset")
        .args(["-acp", LOAD_CORE, &std::process::id().to_string()])
        .stdout(Stdio::null())
        .status();
    assert!(
        pinned.is_ok_and(|status| status.success()),
        "taskset of util-linux pins the load"
    );
}

/// How many files this process, and so a server that it starts, may have open.
pub(crate) fn open_files_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .unwrap();
    let soft = line.split_whitespace().next().unwrap();
    soft.parse().unwrap_or(usize::MAX)
}

fn has_two_cores() -> bool {
    // Not what this process may use: it may have been pinned already.
    std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| {
        text.lines()
            .filter(|line| line.starts_with("processor"))
            .count()
            > 1
    })
}
