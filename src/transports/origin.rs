use axum::http::{HeaderMap, header};

use crate::hub::Settings;

/// Whether a page of the request's `Origin` may act as its user: the server's own pages and the listed ones.
///
/// Programs send no `Origin`; only browsers do, on behalf of pages that may not be ours.
pub(super) fn is_allowed(headers: &HeaderMap, settings: &Settings) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).into_iter();
    let Some(origin) = origins.next() else {
        return true;
    };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else {
        return false;
    };
    let is_listed = settings
        .allowed_origins
        .iter()
        .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin));
    is_listed || is_own(headers, origin)
}

/// Same host and port; the scheme is not known behind a proxy that ends TLS.
fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    matches!((host, authority), (Some(host), Some(authority)) if host.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "baton.example:8080".parse().expect("valid"));
        headers.insert(header::ORIGIN, origin.parse().expect("valid"));
        let settings = Settings {
            allowed_origins: vec!["https://desk.example".into()],
            ..Settings::default()
        };
        is_allowed(&headers, &settings)
    }

    #[test]
    fn own_and_listed_origins_only() {
        for good in [
            "http://baton.example:8080",
            "https://BATON.example:8080",
            "https://desk.example",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "null",
            "",
            "https://desk.example.evil",
            "https://evil/https://desk.example",
            "http://baton.example",
            "http://desk.example",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }
}
