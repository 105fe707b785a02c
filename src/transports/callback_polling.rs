//! Callback-polling (JSON-P): a GET with messages in its URL, answered by a script. For pages that can do nothing better,
//! and only where it is asked for: anything in a URL is logged, and scripts are run whatever page asks for them.

use axum::extract::Request as HttpRequest;
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::Carrier;
use super::origin::{is_allowed_origin, is_allowed_page};
use super::polling::{Polling, Taken, Wrapping, messages_of_form, refuse};

/// The names of the function's parameter: the reference's, and the protocol's.
const PARAMETERS: [&str; 2] = ["jsonp", "jsonpcallback"];
/// The function that is called if none is named, by the protocol.
const DEFAULT_FUNCTION: &str = "jsonpcallback";
const FUNCTION_LEN_MAX: usize = 64;

/// Whether a GET is meant for this carrier.
pub(super) fn is_meant(request: &HttpRequest) -> bool {
    parameters(request.uri().query()).any(|(name, _)| name == "message" || is_function(&name))
}

pub(super) async fn serve(carrier: &Carrier, request: HttpRequest) -> Response {
    let (parts, _) = request.into_parts();
    let settings = carrier.hub.settings();
    let listed = &settings.allowed_origins;
    let target = parts.uri.path_and_query().map_or(0, |it| it.as_str().len());
    if target > settings.callback_polling_url_size_max {
        return refuse(StatusCode::URI_TOO_LONG, "414::request_too_large");
    }
    // A header is there on purpose; cookies are sent whatever page asks for the script.
    let is_deliberate = parts.headers.contains_key(header::AUTHORIZATION);
    let is_allowed = is_allowed_origin(&parts, listed) && is_allowed_page(&parts, listed);
    if !is_deliberate && !is_allowed {
        return refuse(StatusCode::FORBIDDEN, "403::origin_denied");
    }
    if carrier.hub.is_stopping() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "503::stopping");
    }
    let query = parts.uri.query();
    let function = parameters(query)
        .find(|(name, _)| is_function(name))
        .map_or(DEFAULT_FUNCTION.into(), |(_, value)| value);
    if !is_function_name(&function) {
        return refuse(StatusCode::BAD_REQUEST, "400::callback_invalid");
    }
    let text = messages_of_form(query.unwrap_or_default());
    let wrapping = Wrapping::Call(&function);
    match Polling::new(carrier, &parts, wrapping).take(&text).await {
        Taken::Answered(response) => response,
        Taken::Held(held) => wrapping.wait(held).await,
    }
}

fn parameters(query: Option<&str>) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
}

fn is_function(name: &str) -> bool {
    PARAMETERS.contains(&name)
}

/// A name that calls something, and can do nothing else.
fn is_function_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._$-".contains(&byte);
    (1..=FUNCTION_LEN_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}
