use axum::http::{HeaderMap, HeaderValue, header};

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

/// The header that sets it.
pub(super) fn set(browser: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    HeaderValue::try_from(format!(
        "{NAME}={browser}; Path=/; HttpOnly; SameSite=Lax{secure}"
    ))
    .expect("an identifier made here is letters and digits")
}
