//! How a server ends.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Process, Staff, VARIABLES, serve};
use crate::simulation::dice::Dice;
use crate::support::process::{AtLimit, with_file_limit};

/// How long a server that is to die in a write may live without one that is long enough.
const LIFE_MAX: Duration = Duration::from_secs(3);
/// How long a server that is told to stop may take.
const STOP_MAX: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
pub(super) enum Ending {
    /// SIGKILL after so long.
    Killed(Duration),
    /// SIGTERM after so long.
    Told(Duration),
    /// The kernel ends it in the middle of the write that would make a file longer than so many bytes more than the
    /// longest one is: what fits is written. In the log, the database, or a state snapshot; at the start or later.
    InWrite(u64),
}

/// What came of it.
#[derive(Clone, Copy)]
pub(super) enum Ended {
    Killed,
    Told,
    InWrite,
    AtStart,
}

#[derive(Default)]
pub(super) struct Endings {
    killed: u64,
    told: u64,
    in_write: u64,
    at_start: u64,
}

impl Ending {
    pub(super) fn by_chance(dice: &mut Dice) -> Self {
        let life = Duration::from_millis(dice.below(1_200));
        match dice.below(10) {
            0 => Self::Told(life),
            1..=4 => Self::InWrite(dice.below(200_000)),
            _ => Self::Killed(life),
        }
    }

    /// Starts a server that ends in this way, and waits until it has. What there is yet of another is killed.
    pub(super) async fn bring(self, staff: &mut Staff, data: &Path) -> Ended {
        if let Some(server) = staff.server.take() {
            server.kill();
        }
        let mut command = serve(data, &VARIABLES);
        if let Self::InWrite(more) = self {
            command = with_file_limit(&command, longest_file(data) + more, AtLimit::Ends);
        }
        match Process::begin(&mut command, data) {
            Ok(server) => staff.replace_server(server),
            Err(_) => return Ended::AtStart,
        }
        let server = staff.server.take().expect("it has just begun");
        match self {
            Self::Killed(life) => {
                tokio::time::sleep(life).await;
                server.kill();
                Ended::Killed
            }
            Self::Told(life) => {
                tokio::time::sleep(life).await;
                let told = Instant::now();
                assert_eq!(server.terminate(), Some(0));
                assert!(told.elapsed() < STOP_MAX, "{:?}", told.elapsed());
                Ended::Told
            }
            Self::InWrite(_) => in_write(server).await,
        }
    }
}

async fn in_write(mut server: Process) -> Ended {
    let begun = Instant::now();
    while begun.elapsed() < LIFE_MAX {
        if server.exit_status().is_some() {
            return Ended::InWrite;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.kill();
    Ended::Killed
}

fn longest_file(data: &Path) -> u64 {
    let files = fs::read_dir(data).unwrap();
    let lengths = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
    lengths.max().unwrap_or(0)
}

impl Endings {
    pub(super) fn count(&mut self, ended: Ended) {
        match ended {
            Ended::Killed => self.killed += 1,
            Ended::Told => self.told += 1,
            Ended::InWrite => self.in_write += 1,
            Ended::AtStart => self.at_start += 1,
        }
    }

    pub(super) fn rounds(&self) -> u64 {
        self.killed + self.told + self.in_write + self.at_start
    }
}

impl fmt::Display for Endings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            killed,
            told,
            in_write,
            at_start,
        } = self;
        let rounds = self.rounds();
        write!(
            out,
            "{rounds} rounds: {killed} killed, {in_write} killed in a write, {at_start} in a write at the start, {told} \
             told to stop"
        )
    }
}
