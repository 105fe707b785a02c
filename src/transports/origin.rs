use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

/// Whether a page of the request's `Origin` may act as its user: the server's own pages and those of the `listed` origins,
/// where `*` stands for any.
///
/// Programs send no `Origin`; only browsers do, on behalf of pages that may not be ours.
pub fn is_allowed_origin(parts: &Parts, listed: &[String]) -> bool {
    let mut origins = parts.headers.get_all(header::ORIGIN).into_iter();
    let Some(origin) = origins.next() else {
        return true;
    };
    match (origin.to_str(), origins.next()) {
        (Ok(origin), None) => is_listed(origin, listed) || is_own(parts, origin),
        _ => false,
    }
}

/// The same of a script, for which browsers send no `Origin`: they say whether it is a page of another site that asks for
/// it, and which.
pub(super) fn is_allowed_page(parts: &Parts, listed: &[String]) -> bool {
    let page = page_of_script(&parts.headers);
    page.is_none_or(|origin| is_listed(origin, listed) || is_own(parts, origin))
}

/// Every origin whose page a browser says that a request or a script is for.
pub fn pages_of(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let origins = headers.get_all(header::ORIGIN).into_iter();
    let origins = origins.filter_map(|it| it.to_str().ok());
    origins.chain(page_of_script(headers))
}

/// The origin of the page of another site that asks for a script.
fn page_of_script(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    if !matches!(text("sec-fetch-site"), Some("cross-site" | "same-site")) {
        return None;
    }
    let page = text("referer").unwrap_or_default();
    // `https://desk.example/page` is a page of `https://desk.example`.
    Some(match page.match_indices('/').nth(2) {
        Some((end, _)) => &page[..end],
        None => page,
    })
}

/// Whether an origin is one of a list.
pub fn is_listed(origin: &str, listed: &[String]) -> bool {
    listed
        .iter()
        .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
}

/// Same host and port; the scheme is not known behind a proxy that ends TLS.
fn is_own(parts: &Parts, origin: &str) -> bool {
    let host = parts.headers.get(header::HOST);
    // HTTP/2 names the host as the authority of the URL.
    let host = match host {
        Some(host) => host.to_str().ok(),
        None => parts.uri.authority().map(|it| it.as_str()),
    };
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    matches!((host, authority), (Some(host), Some(authority)) if host.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const LISTED: &str = "https://desk.example";

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("valid").into_parts().0
    }

    #[test]
    fn own_and_listed_origins_only() {
        let host = ("host", "baton.example:8080");
        let allowed =
            |origin| is_allowed_origin(&parts("/", &[host, ("origin", origin)]), &[LISTED.into()]);
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
        let twice = parts("/", &[host, ("origin", LISTED), ("origin", LISTED)]);
        assert!(!is_allowed_origin(&twice, &[LISTED.into()]));
    }

    #[test]
    fn over_http_2_the_host_is_in_the_url() {
        let own = parts(
            "http://baton.example/cometd",
            &[("origin", "https://baton.example")],
        );
        assert!(is_allowed_origin(&own, &[]));
        let other = parts(
            "http://baton.example/cometd",
            &[("origin", "https://evil.example")],
        );
        assert!(!is_allowed_origin(&other, &[]));
    }

    #[test]
    fn scripts_are_for_own_and_listed_pages() {
        let allowed = |site, page| {
            let headers = [
                ("host", "baton.example"),
                ("sec-fetch-site", site),
                ("referer", page),
            ];
            is_allowed_page(&parts("/", &headers), &[LISTED.into()])
        };
        assert!(allowed("same-origin", ""));
        assert!(allowed("none", ""));
        assert!(allowed("cross-site", "https://desk.example/"));
        assert!(allowed("cross-site", "https://desk.example"));
        assert!(allowed("same-site", "https://baton.example/a/b"));
        for bad in [
            "",
            "https://evil.example/https://desk.example/",
            "https://desk.example.evil/",
            "///",
        ] {
            assert!(!allowed("cross-site", bad), "{bad}");
        }
    }
}
