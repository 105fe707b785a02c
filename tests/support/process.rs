//! The server as a process of its own, which can be killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use baton::options::{Flags, Keys, Options};

use super::server::{Client, client_of};

/// A running server. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    data: PathBuf,
}

impl Process {
    /// Starts `baton serve` on a free port, with variables besides.
    pub(crate) fn start(data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_baton"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, url) = line.split_once("listening on ")?;
            Some(url.trim_end_matches('/').to_owned())
        });
        // What else it says would fill the pipe and stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            url: url.expect("it says where it listens"),
            data: data.to_owned(),
        }
    }

    /// A client of a demo user, with a token of his role.
    pub(crate) fn client(&self, user: &str) -> Client {
        let (mut options, _) = Options::resolve(Flags::default(), Keys::default());
        options.data.clone_from(&self.data);
        client_of(&options, &self.url, user)
    }

    /// As an operator stops it; what it exits with.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(told.success());
        self.child.wait().unwrap().code()
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
