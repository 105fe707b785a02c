use axum::http::{Request, header};

/// Whether a body's length can be read in one way only (RFC 9112 6.3). Of codings there is `chunked`, once: a proxy that does
/// not know another one may take the length for something else than the library does, and what follows for another request.
/// Lengths that contradict each other, or a coding, the library refuses itself.
pub(super) fn is_plain<B>(request: &Request<B>) -> bool {
    let mut codings = request
        .headers()
        .get_all(header::TRANSFER_ENCODING)
        .into_iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}
