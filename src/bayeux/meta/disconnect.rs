use super::super::{Advice, Reply, Request, Session};

impl Session {
    /// The reply to `/meta/disconnect`; the caller [ends](Session::end) the session.
    pub fn disconnect(&self, request: &Request<'_>) -> String {
        Reply::success(request)
            .with_advice(Advice::none(&self.limits))
            .encode()
    }
}
