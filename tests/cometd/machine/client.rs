//! A client that keeps to the protocol: one connect at a time, nothing from a response that it no longer waits for.

/// What it knows.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// The last batch that it got.
    pub(super) batch: u64,
    /// The connect that it waits for.
    pub(super) awaited: Option<u64>,
    pub(super) socket: Option<u64>,
    /// The slots of the events that it got, in order.
    pub(super) received: Vec<usize>,
    connects: u64,
    sockets: u64,
}

impl Client {
    pub(super) fn next_connect(&mut self) -> u64 {
        self.connects += 1;
        self.awaited = Some(self.connects);
        self.connects
    }

    /// The socket that it uses from now on, and whether it is a new one.
    pub(super) fn use_socket(&mut self) -> (u64, bool) {
        if let Some(socket) = self.socket {
            return (socket, false);
        }
        self.sockets += 1;
        self.socket = Some(self.sockets);
        // What it asked elsewhere it asks anew.
        self.awaited = None;
        (self.sockets, true)
    }

    pub(super) fn leave_socket(&mut self) {
        if self.socket.take().is_some() {
            self.awaited = None;
        }
    }
}
