//! What a session costs that hears nothing: while it is there, and to come and go.

use std::time::Instant;

use futures_util::future::join_all;
use tokio::time::{Duration, sleep};

use crate::load::Measured;
use crate::peers::{Carrier, Subscriber, come_and_go};
use crate::programs::Program;
use crate::server::{Server, open_files_max};
use crate::table::{Aim, Row};

/// Sessions that are opened at the same time.
const OPENED_TOGETHER: usize = 50;
/// Clients that come and go at the same time.
const COMING_TOGETHER: usize = 16;
/// Files a process has open besides its connections.
const OTHER_FILES: usize = 100;

/// Memory of sessions that wait, in KB each.
pub(crate) async fn idle(carrier: Carrier, sessions: usize) -> Row {
    let possible = sessions.min(open_files_max() - OTHER_FILES);
    if possible < sessions {
        println!("{possible} idle sessions, not {sessions}: `ulimit -n` allows no more files\n");
    }
    let baton = resident(Program::Baton, carrier, possible).await;
    let bare = resident(Program::Bare, carrier, possible).await;
    Row::memory("idle session", carrier, possible as u64, baton, bare)
}

async fn resident(program: Program, carrier: Carrier, sessions: usize) -> f64 {
    let server = Server::start(program);
    let before = server.resident();
    let mut open = Vec::with_capacity(sessions);
    while open.len() < sessions {
        let numbers = open.len()..sessions.min(open.len() + OPENED_TOGETHER);
        let server = &server;
        let opened = join_all(numbers.map(|number| async move {
            let user = number.to_string();
            let channels = [format!("/one/{number}")];
            let mut subscriber = Subscriber::open(server, carrier, number, &user, &channels).await;
            subscriber.connect().await;
            subscriber
        }));
        open.extend(opened.await);
    }
    // The last connects have arrived when the server has been quiet for a while.
    let mut cpu = Duration::ZERO;
    while cpu != server.cpu() {
        cpu = server.cpu();
        sleep(Duration::from_millis(200)).await;
    }
    (server.resident() - before) as f64 / 1024.0 / sessions as f64
}

/// CPU time of handshake, connect and disconnect on a new connection.
pub(crate) async fn set_up(carrier: Carrier, sessions: usize, rounds: usize) -> Row {
    let (baton, bare) = (Server::start(Program::Baton), Server::start(Program::Bare));
    let mut best: Option<(Measured, Measured)> = None;
    for _ in 0..rounds {
        let measured = (
            come_and_go_all(&baton, carrier, sessions).await,
            come_and_go_all(&bare, carrier, sessions).await,
        );
        if best.is_none_or(|best| {
            measured.0.cpu_us / measured.1.cpu_us < best.0.cpu_us / best.1.cpu_us
        }) {
            best = Some(measured);
        }
    }
    let (baton, bare) = best.expect("at least one round");
    Row::deliveries("set-up of a session", carrier, baton, bare, Aim::Ratio(1.7))
}

async fn come_and_go_all(server: &Server, carrier: Carrier, sessions: usize) -> Measured {
    let (began, cpu) = (Instant::now(), server.cpu());
    join_all((0..COMING_TOGETHER).map(|_| async {
        for _ in 0..sessions / COMING_TOGETHER {
            come_and_go(server, carrier).await;
        }
    }))
    .await;
    let (elapsed, cpu) = (began.elapsed(), server.cpu() - cpu);
    let done = (sessions / COMING_TOGETHER * COMING_TOGETHER) as f64;
    Measured {
        messages: sessions as u64,
        per_second: done / elapsed.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / done,
        busy: cpu.as_secs_f64() / elapsed.as_secs_f64(),
        ..Measured::default()
    }
}
