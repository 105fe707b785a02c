use axum::http::{HeaderMap, HeaderValue, header};

use crate::hub::Settings;

const NAME: &str = "BAYEUX_BROWSER";

/// The browser cookie that was sent.
pub(super) fn browser(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}

/// The header that sets it. Pages of other sites get it too if there may be any; browsers allow that over TLS only.
pub(super) fn set(browser: &str, settings: &Settings) -> HeaderValue {
    let scope = match (settings.cookies_secure, settings.allowed_origins.is_empty()) {
        (true, false) => "SameSite=None; Secure",
        (true, true) => "SameSite=Lax; Secure",
        (false, _) => "SameSite=Lax",
    };
    HeaderValue::try_from(format!("{NAME}={browser}; Path=/; HttpOnly; {scope}"))
        .expect("an identifier made here is letters and digits")
}
