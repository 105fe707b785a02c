use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::hub::Outgoing;

/// A response body that puts its events back if the response is dropped before the connection has taken it.
pub(super) struct DeliveryBody {
    text: Bytes,
    outgoing: Option<Outgoing>,
}

impl DeliveryBody {
    /// A body that says `text`, which carries `outgoing`.
    pub(super) fn new(text: String, outgoing: Outgoing) -> Self {
        Self {
            text: text.into(),
            outgoing: Some(outgoing),
        }
    }
}

impl http_body::Body for DeliveryBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.outgoing.take().map(|outgoing| {
            outgoing.written();
            Ok(Frame::data(std::mem::take(&mut self.text)))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.outgoing.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.text.len() as u64)
    }
}
