//! What is measured, each in a process of its own.

mod bare;
mod baton;

use std::io::Read;

use tokio::net::TcpListener;

/// One of the servers.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Program {
    /// The hub and the carriers.
    Baton,
    /// The ceiling: a socket is written to, or a request answered, as soon as it is asked for.
    Bare,
}

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Baton => "baton",
            Self::Bare => "bare",
        }
    }
}

/// Serves until standard input ends.
pub(crate) fn serve(program: Program) {
    std::thread::spawn(|| {
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    match program {
        Program::Baton => baton::serve(),
        Program::Bare => bare::serve(),
    }
}

/// Listens on a free port and says which.
async fn listen() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    listener
}
