//! The server as a process of its own, which can be killed.

use std::fs::{self, DirEntry};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;

use baton::options::{Flags, Keys, Options};

use super::server::{Client, client_for, client_of};

/// Blocks of `ulimit -f`, in bytes.
const BLOCK_BYTES: u64 = 512;

/// A running server. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    data: PathBuf,
}

/// `baton serve` on a free port, with variables besides, to be started with [`Process::begin`].
pub(crate) fn serve(data: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .envs(variables.iter().copied())
        .stderr(Stdio::null());
    command
}

/// What becomes of a server whose file would get too long.
pub(crate) enum AtLimit {
    /// The kernel ends it, by SIGXFSZ, when it has written what fits.
    Ends,
    /// The write fails, as on a broken disk.
    Fails,
}

/// The same command, whose files can get no longer than this.
pub(crate) fn with_file_limit(command: &Command, bytes: u64, at_limit: AtLimit) -> Command {
    let blocks = bytes / BLOCK_BYTES;
    let ignore = match at_limit {
        AtLimit::Ends => "",
        AtLimit::Fails => "trap '' XFSZ && ",
    };
    let mut limited = Command::new("sh");
    limited
        .args([
            "-c",
            &format!("{ignore}ulimit -f {blocks} && exec \"$0\" \"$@\""),
        ])
        .arg(command.get_program())
        .args(command.get_args())
        .stderr(Stdio::null());
    for (name, value) in command.get_envs() {
        limited.env(name, value.expect("variables are only added"));
    }
    limited
}

impl Process {
    /// Starts `baton serve` on a free port, with variables besides.
    pub(crate) fn start(data: &Path, variables: &[(&str, &str)]) -> Self {
        let begun = Self::begin(&mut serve(data, variables), data);
        begun.expect("it says where it listens")
    }

    /// Starts a server and waits until it listens, or gives what it exited with instead.
    pub(crate) fn begin(serve: &mut Command, data: &Path) -> Result<Self, ExitStatus> {
        let mut child = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, url) = line.split_once("listening on ")?;
            Some(url.trim_end_matches('/').to_owned())
        });
        let Some(url) = url else {
            return Err(child.wait().unwrap());
        };
        // What else it says would fill the pipe and stop it.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            child,
            url,
            data: data.to_owned(),
        })
    }

    /// A client of a demo user, with a token of his role.
    pub(crate) fn client(&self, user: &str) -> Client {
        client_of(&self.options(), &self.url, user)
    }

    /// The same with a token that holds for so long, in milliseconds.
    pub(crate) fn client_for(&self, user: &str, valid_ms: u64) -> Client {
        client_for(&self.options(), &self.url, user, valid_ms)
    }

    fn options(&self) -> Options {
        let (mut options, _) = Options::resolve(Flags::default(), Keys::default());
        options.data.clone_from(&self.data);
        options
    }

    /// As an operator stops it; what it exits with.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.tell_to_stop();
        self.child.wait().unwrap().code()
    }

    /// Its number in the system.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// As an operator begins to stop it.
    pub(crate) fn tell_to_stop(&self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(told.success());
    }

    /// Nothing leaves it any more.
    pub(crate) fn freeze(&self) {
        let pid = self.child.id();
        let pid_text = pid.to_string();
        let told = Command::new("kill").args(["-STOP", &pid_text]).status();
        assert!(told.unwrap().success());
        let runs = |thread: std::io::Result<DirEntry>| {
            // One that has ended meanwhile does not run either. What comes after the name, in brackets, is the state.
            let stat = fs::read_to_string(thread.unwrap().path().join("stat")).unwrap_or_default();
            let (_, rest) = stat.rsplit_once(')').unwrap_or_default();
            rest.trim_start().starts_with(['R', 'S'])
        };
        let threads = || fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        while threads().any(runs) {
            thread::yield_now();
        }
    }

    /// What it has exited with; none while it runs.
    pub(crate) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// As a crash ends it.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Runs a command of `baton` to its end on a data folder.
pub(crate) fn baton(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap()
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
