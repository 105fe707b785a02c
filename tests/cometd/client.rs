use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, http};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const PATIENCE: Duration = Duration::from_secs(5);

/// One client of a script.
pub(super) enum Client {
    LongPolling {
        http: reqwest::Client,
        url: String,
        token: String,
        /// The function to call, of callback-polling.
        function: Option<String>,
        cookie: Option<String>,
        pending: VecDeque<JoinHandle<Option<Answer>>>,
    },
    WebSocket(Box<WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>>),
}

pub(super) struct Answer {
    /// `200`, or `close 1001`.
    pub(super) status: String,
    pub(super) text: String,
    set_cookie: Option<String>,
}

impl Client {
    pub(super) fn long_polling(url: &str, token: &str) -> Self {
        let http = reqwest::Client::new();
        Self::LongPolling {
            http,
            url: url.into(),
            token: token.into(),
            function: None,
            cookie: None,
            pending: VecDeque::new(),
        }
    }

    pub(super) fn callback_polling(url: &str, token: &str, name: &str) -> Self {
        let mut client = Self::long_polling(url, token);
        if let Self::LongPolling { function, .. } = &mut client {
            *function = Some(name.into());
        }
        client
    }

    pub(super) async fn websocket(url: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        use tokio_tungstenite::tungstenite::Error;
        let mut request = url
            .replace("http://", "ws://")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(
                http::HeaderName::try_from(*name).unwrap(),
                value.parse().unwrap(),
            );
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Self::WebSocket(Box::new(stream))),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }

    pub(super) async fn send(&mut self, text: String) {
        match self {
            Self::LongPolling {
                http,
                url,
                token,
                function,
                cookie,
                pending,
            } => {
                let mut request = match function {
                    Some(function) => {
                        let query = form_urlencoded::Serializer::new(String::new())
                            .append_pair("jsonp", function)
                            .append_pair("message", &text)
                            .finish();
                        http.get(format!("{url}?{query}"))
                    }
                    None => http.post(&*url).body(text),
                };
                let function = function.clone();
                if token != "-" {
                    request = request.bearer_auth(token);
                }
                if let Some(cookie) = cookie {
                    request = request.header("cookie", &*cookie);
                }
                pending.push_back(tokio::spawn(async move {
                    let answer = Answer::of(request.send().await.ok()?).await?;
                    Some(answer.unwrapped(function.as_deref()))
                }));
            }
            Self::WebSocket(stream) => stream.send(Message::Text(text.into())).await.unwrap(),
        }
    }

    /// The answer to the oldest unanswered request, or the next frame.
    pub(super) async fn receive(&mut self) -> Answer {
        match self {
            Self::LongPolling {
                cookie, pending, ..
            } => {
                let oldest = pending.pop_front().expect("something was sent");
                let answer = timeout(PATIENCE, oldest)
                    .await
                    .expect("an answer in time")
                    .unwrap()
                    .expect("an answer");
                if let Some(set) = &answer.set_cookie {
                    *cookie = set.split(';').next().map(ToOwned::to_owned);
                }
                answer
            }
            Self::WebSocket(stream) => {
                // Pings are answered by looking for the next frame.
                let mut frames = stream
                    .filter(|frame| std::future::ready(!matches!(frame, Ok(Message::Ping(_)))));
                let (status, text) = match timeout(PATIENCE, frames.next())
                    .await
                    .expect("a frame in time")
                {
                    Some(Ok(Message::Text(text))) => ("200".into(), text.to_string()),
                    Some(Ok(Message::Close(Some(frame)))) => {
                        (format!("close {}", u16::from(frame.code)), String::new())
                    }
                    other => (format!("{other:?}"), String::new()),
                };
                Answer {
                    status,
                    text,
                    set_cookie: None,
                }
            }
        }
    }

    /// The newest request is the next to be answered.
    pub(super) fn newest_first(&mut self) {
        let Self::LongPolling { pending, .. } = self else {
            panic!("long polling only")
        };
        pending.rotate_right(1);
    }

    /// Goes away without a word.
    pub(super) fn drop_connections(&mut self) {
        match self {
            Self::LongPolling { pending, .. } => pending.drain(..).for_each(|task| task.abort()),
            Self::WebSocket(_) => panic!("drop the client itself"),
        }
    }

    pub(super) fn set_cookie(&mut self, value: Option<&str>) {
        let Self::LongPolling { cookie, .. } = self else {
            panic!("long polling only")
        };
        *cookie = value.map(|value| format!("BAYEUX_BROWSER={value}"));
    }
}

impl Answer {
    /// The argument of the call that a script consists of; what is no such script is left as it is.
    fn unwrapped(mut self, function: Option<&str>) -> Self {
        let head = format!("/**/{}(", function.unwrap_or_default());
        let argument = self.text.strip_prefix(&head);
        if let Some(argument) = argument.and_then(|it| it.strip_suffix(");")) {
            self.text = argument.to_owned();
        }
        self
    }

    async fn of(response: reqwest::Response) -> Option<Self> {
        let status = response.status().as_u16().to_string();
        let set_cookie = response
            .headers()
            .get("set-cookie")
            .map(|value| value.to_str().unwrap().to_owned());
        Some(Self {
            status,
            set_cookie,
            text: response.text().await.ok()?,
        })
    }
}
