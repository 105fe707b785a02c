use std::sync::Arc;

use super::work::Work;
use super::{BrowserCookie, HeldConnect, Hub, OpenSession, Outgoing, Principal};
use crate::bayeux::{Carrier, Ended, Moment, Request};

/// Who sends a request or frame, as far as its carrier can tell.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    /// By the credentials of the request, or of the upgrade. None if there were none.
    pub principal: Option<&'a Principal>,
    /// The browser cookie that was sent.
    pub browser: Option<&'a str>,
    /// The session of the socket it came over: what the socket has proved is not asked again.
    pub bound: Option<&'a Arc<OpenSession>>,
    /// What it came over.
    pub carrier: Carrier,
    /// Whether connects of one browser take up its few connections: not over HTTP/2 or a socket.
    pub limits_browser: bool,
    /// Whether events go out with replies to connects only, since the client may see its responses in any order.
    pub delivers_with_connects_only: bool,
}

/// What becomes of a request or frame.
pub enum Answer {
    /// It is answered, if with nothing; over a socket the session it was about is named.
    Now(Outgoing, Option<Arc<OpenSession>>),
    /// It was a connect, and waits.
    Held(HeldConnect),
}

impl Hub {
    /// Takes the messages of one request or frame, none of them a handshake.
    ///
    /// They are all about one session: messages that name another than the first are refused.
    pub fn receive(&self, caller: Caller<'_>, requests: &[Request<'_>]) -> Answer {
        let mut work = Work::new(self, caller);
        if let [request] = requests
            && request.channel.as_deref() == Some("/meta/connect")
        {
            if let Some(held) = work.connect_alone(request) {
                self.continue_replay(&held.open);
                return Answer::Held(held);
            }
        } else {
            requests.iter().for_each(|request| work.take(request));
            work.close();
        }
        let (delivery, open) = work.into_parts();
        if let Some(open) = &open {
            self.continue_replay(open);
        }
        Answer::Now(Outgoing::new(self, open.clone(), delivery), open)
    }

    /// The live session that a message names, if the caller may use it.
    pub(super) fn find(
        &self,
        caller: &Caller<'_>,
        request: &Request<'_>,
        now: Moment,
    ) -> Option<Arc<OpenSession>> {
        let client_id = request.client_id.as_deref()?;
        let open = match caller.bound {
            Some(bound) if **bound.client_id() == *client_id => Arc::clone(bound),
            Some(_) => return None,
            None => self
                .0
                .sessions
                .find(client_id)
                .filter(|open| self.is_owner(caller, open))?,
        };
        let is_over = {
            let mut state = open.lock();
            if let Some(principal) = caller.principal {
                state.renew(principal, now);
            }
            state.ends_at.is_some_and(|at| at <= now.monotonic_ms)
        };
        if is_over {
            self.0.end(&open, Ended::Revoked);
        }
        let is_live = open.lock().session.ended().is_none();
        is_live.then_some(open)
    }

    /// A session belongs to a principal. Where the handshake alone carried credentials, its identifier takes their place:
    /// 160 random bits that nobody else is ever told. A browser cookie that is sent has to match in any case.
    fn is_owner(&self, caller: &Caller<'_>, open: &OpenSession) -> bool {
        let is_known = match caller.principal {
            Some(principal) => principal.key == *open.user(),
            None => open.by_token,
        };
        // Over a socket the reference is content with the identifier, and clients that reconnect rely on it: where there
        // are only sockets, nothing ever sets the cookie.
        let must_have_cookie = self.settings().browser_cookie == BrowserCookie::Required
            && caller.carrier == Carrier::LongPolling;
        let same_browser = caller.browser.map(|browser| *browser == *open.browser);
        is_known && same_browser.unwrap_or(!must_have_cookie)
    }
}
