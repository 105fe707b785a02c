use axum::serve::{ListenerExt, TapIo};
use tokio::net::{TcpListener, TcpStream};

/// A listener whose connections send every frame at once. Otherwise the second of two frames waits until the peer has
/// confirmed the first, which peers put off for some 40 ms.
pub(super) fn prompt(listener: TcpListener) -> TapIo<TcpListener, fn(&mut TcpStream)> {
    listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection sends its frames late");
        }
    })
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener;

    use super::*;

    #[tokio::test]
    async fn connections_do_not_delay() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (client, (accepted, _)) = tokio::join!(TcpStream::connect(address), async move {
            prompt(listener).accept().await
        });
        assert!(client.is_ok() && accepted.nodelay().expect("open"));
    }
}
