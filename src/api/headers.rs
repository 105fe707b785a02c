//! What every response says to browsers and caches, and when it is compressed.

use axum::Router;
use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use tower::ServiceBuilder;
use tower::layer::util::Identity;
use tower::util::{Either, MapRequestLayer, option_layer};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;

/// Shortest body that is compressed, in bytes: below, it saves no packet.
pub const COMPRESSED_BYTES_MIN: u64 = 1_400;
/// What every answer says that is no page: it is of the moment and of the caller, and a browser that takes it for a page
/// finds nothing that it may do.
pub(super) const OF_ANSWERS: [(HeaderName, &str); 2] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
];
/// How long browsers come by TLS only, once they have, in the words of the header: a year.
const TLS_ONLY: &str = "max-age=31536000";

type SetHeader = SetResponseHeaderLayer<HeaderValue>;
type MapRequest = MapRequestLayer<fn(Request) -> Request>;

/// For pages, which are asked for again each time, so that they fit the server.
pub(super) fn of_pages(router: Router, policy: &'static str) -> Router {
    let same_origin = "same-origin";
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    let resource = HeaderName::from_static("cross-origin-resource-policy");
    let permissions = HeaderName::from_static("permissions-policy");
    let nothing = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
    router.layer(
        ServiceBuilder::new()
            .layer(set_if_absent(header::CONTENT_SECURITY_POLICY, policy))
            .layer(set(header::REFERRER_POLICY, "no-referrer"))
            .layer(set_if_absent(header::CACHE_CONTROL, "no-cache"))
            .layer(set(opener, same_origin))
            .layer(set(resource, same_origin))
            .layer(set(permissions, nothing))
            .layer(compression()),
    )
}

/// For every response, whoever gives it: a refusal that comes before any route is asked too. `by_tls` says that clients
/// reach the server by TLS.
pub(super) fn of_all(
    by_tls: bool,
) -> (SetHeader, SetHeader, SetHeader, Either<SetHeader, Identity>) {
    let [caching, policy] = OF_ANSWERS.map(|(name, value)| set_if_absent(name, value));
    let by_tls_only = by_tls.then(|| set(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY));
    (
        caching,
        policy,
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        option_layer(by_tls_only),
    )
}

/// Long answers to who asks for it, but none with a tag: the tag would have to be another one then, and clients send it
/// back as If-Match. What is pushed is on routes of its own, without this.
pub(super) fn compression() -> (MapRequest, CompressionLayer<impl Predicate>) {
    let has_no_tag = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        !headers.contains_key(header::ETAG)
    };
    let is_worth_it = DefaultPredicate::new().and(SizeAbove::new(COMPRESSED_BYTES_MIN));
    let compress = CompressionLayer::new().compress_when(is_worth_it.and(has_no_tag));
    (MapRequestLayer::new(with_plain_answers), compress)
}

/// Who says that he takes no plain answer gets one all the same (RFC 9110 12.4.1 leaves that to the server): the layer would
/// say 406 of what has been done.
fn with_plain_answers(mut request: Request) -> Request {
    let headers = request.headers_mut();
    let refuses = |value: &HeaderValue| value.as_bytes().windows(3).any(|it| it == b"q=0");
    if headers.get_all(header::ACCEPT_ENCODING).iter().any(refuses) {
        let others: Vec<HeaderValue> = headers
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .cloned()
            .collect();
        let plain_if_need_be = HeaderValue::from_static("identity;q=0.001");
        // The layer goes by what it finds first.
        headers.insert(header::ACCEPT_ENCODING, plain_if_need_be);
        for value in others {
            headers.append(header::ACCEPT_ENCODING, value);
        }
    }
    request
}

fn set(name: HeaderName, value: &'static str) -> SetHeader {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

fn set_if_absent(name: HeaderName, value: &'static str) -> SetHeader {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
