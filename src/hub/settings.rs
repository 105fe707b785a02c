use crate::bayeux::Limits;

/// Every bound and time of the CometD side.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a connect is held.
    pub timeout_ms: u64,
    /// The advised pause between two connects.
    pub interval_ms: u64,
    /// How long a session lives without a connect.
    pub max_interval_ms: u64,
    /// How often ended sessions are looked for.
    pub sweep_period_ms: u64,
    /// Events that may wait for a session; over it the session ends.
    pub queue_len_max: usize,
    /// Bytes that may wait for a session; over it the session ends.
    pub queue_bytes_max: usize,
    /// Bytes of events in one response or frame.
    pub response_bytes_max: usize,
    /// Sessions there may be at a time, of all users.
    pub sessions_max: usize,
    /// Sessions one user may have at a time.
    pub sessions_per_user_max: usize,
    /// Channels one session may be subscribed to.
    pub subscriptions_per_session_max: usize,
    /// Bytes of one request or frame.
    pub message_size_max: usize,
    /// Messages in one request or frame.
    pub batch_len_max: usize,
    /// Connects that may be held at a time over long polling; who comes on top polls.
    pub held_connects_max: usize,
    /// Connects one browser may hold over HTTP/1.1: browsers open six connections to a host.
    pub held_connects_per_browser_max: usize,
    /// Sockets that may be open at a time.
    pub sockets_max: usize,
    /// How long a peer may take to accept a frame before its socket is closed.
    pub websocket_send_timeout_ms: u64,
    /// How long a socket may be open without a session.
    pub websocket_unbound_timeout_ms: u64,
    /// How long nothing may come over a socket before its peer is asked whether it is there.
    pub websocket_ping_interval_ms: u64,
    /// How long the peer has to answer before its socket is closed.
    pub websocket_pong_timeout_ms: u64,
    /// How long a session may do nothing but connect; none: for ever.
    pub activity_timeout_ms: Option<u64>,
    /// Whether callback-polling (JSON-P) is offered, for pages that can do nothing better.
    pub callback_polling: bool,
    /// Bytes of the URL of a callback-polling request.
    pub callback_polling_url_size_max: usize,
    /// Whether the browser cookie has to be sent.
    pub browser_cookie: BrowserCookie,
    /// Whether cookies are for TLS only.
    pub cookies_secure: bool,
    /// How long the messages of a request may take to arrive.
    pub body_timeout_ms: u64,
    /// Origins, beside the server's own, that may open sockets and use cookies; `*` allows any.
    pub allowed_origins: Vec<String>,
}

/// What the `BAYEUX_BROWSER` cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrowserCookie {
    /// It must match if it is sent. For servers where every request says who sends it.
    Optional,
    /// Every request of a session must carry it, as with the reference. For servers where anybody may handshake.
    Required,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout_ms: 30_000,
            interval_ms: 0,
            max_interval_ms: 10_000,
            sweep_period_ms: 500,
            queue_len_max: 1_000,
            queue_bytes_max: 1024 * 1024,
            response_bytes_max: 256 * 1024,
            sessions_max: 65_536,
            sessions_per_user_max: 20,
            subscriptions_per_session_max: 256,
            message_size_max: 64 * 1024,
            batch_len_max: 256,
            held_connects_max: 65_536,
            held_connects_per_browser_max: 6,
            sockets_max: 65_536,
            websocket_send_timeout_ms: 30_000,
            websocket_unbound_timeout_ms: 30_000,
            websocket_ping_interval_ms: 30_000,
            websocket_pong_timeout_ms: 10_000,
            activity_timeout_ms: None,
            callback_polling: false,
            callback_polling_url_size_max: 8 * 1024,
            browser_cookie: BrowserCookie::Optional,
            cookies_secure: false,
            body_timeout_ms: 30_000,
            allowed_origins: Vec::new(),
        }
    }
}

impl Settings {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            timeout_ms: self.timeout_ms,
            interval_ms: self.interval_ms,
            max_interval_ms: self.max_interval_ms,
            queue_len_max: self.queue_len_max,
            queue_bytes_max: self.queue_bytes_max,
            subscriptions_max: self.subscriptions_per_session_max,
            response_bytes_max: self.response_bytes_max,
            activity_timeout_ms: self.activity_timeout_ms,
            callback_polling: self.callback_polling,
        }
    }
}
