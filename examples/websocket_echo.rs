//! Echoes text and binary over WebSocket, with the bounds and buffers of the product's own sockets: what a protocol suite
//! says of this program holds for them.
//!
//! ```text
//! cargo run --release --example websocket_echo -- --listen 127.0.0.1:9001
//! ```

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use baton::hub::Settings;
use baton::transports::{ConnectionSettings, close, close_code_of_error, serve, with_bounds};
use clap::Parser;

#[derive(Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9001")]
    listen: String,
    /// Bytes of one message.
    #[arg(long, default_value_t = 32 * 1024 * 1024)]
    message_size_max: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let settings = Settings {
        message_size_max: options.message_size_max,
        ..Settings::default()
    };
    let upgrade = move |upgrade: WebSocketUpgrade| async move {
        with_bounds(upgrade, &settings).on_upgrade(echo)
    };
    let listener = tokio::net::TcpListener::bind(&options.listen).await?;
    let router = Router::new().fallback(any(upgrade));
    let connections = ConnectionSettings::default();
    serve(listener, router, connections, std::future::pending()).await;
    Ok(())
}

async fn echo(mut socket: WebSocket) {
    let code = loop {
        match socket.recv().await {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                if socket.send(message).await.is_err() {
                    break None;
                }
            }
            // Pings and closes are answered by the library.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => break None,
            Some(Err(error)) => break close_code_of_error(error),
        }
    };
    close(&mut socket, code).await;
}
