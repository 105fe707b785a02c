//! What browsers ask on behalf of pages: scripts of callback-polling, preflights, other origins.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use baton::hub::Settings;
use baton::transports::{Served, with_cors};
use tower::ServiceExt;

use super::script::World;

const HANDSHAKE: &str = "message=%7B%22channel%22%3A%22%2Fmeta%2Fhandshake%22%7D";
const DESK: &str = "https://desk.example";

async fn ask(
    app: &impl Served<Body>,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    (parts.status, parts.headers, text)
}

#[tokio::test]
async fn callback_polling_is_off_unless_it_is_asked_for() {
    let app = World::start(Settings::default()).await.routes();
    let alice = [("authorization", "Bearer alice")];
    let target = format!("/cometd?jsonp=f&{HANDSHAKE}");
    let (status, _, _) = ask(&app, "GET", &target, &alice).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_script_is_nothing_but_a_call() {
    let world = World::start(Settings {
        callback_polling: true,
        ..Settings::default()
    })
    .await;
    let app = world.routes();
    let alice = [("authorization", "Bearer alice")];
    for (parameters, function) in [
        ("", "jsonpcallback"),
        ("jsonp=f&", "f"),
        ("jsonpcallback=a.b%24c&", "a.b$c"),
    ] {
        let target = format!("/cometd/handshake?{parameters}{HANDSHAKE}");
        let (status, headers, text) = ask(&app, "GET", &target, &alice).await;
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(headers.contains_key("set-cookie"), "{headers:?}");
        assert!(text.starts_with(&format!("/**/{function}([{{")), "{text}");
        assert!(text.ends_with("}]);"), "{text}");
    }
    let long = "f".repeat(65);
    for bad in ["", "a%20b", "f%0A", "f%2F%2F", "f%E2%80%A8", "f()", &long] {
        let target = format!("/cometd?jsonp={bad}&{HANDSHAKE}");
        let (status, _, _) = ask(&app, "GET", &target, &alice).await;
        assert_eq!(status, 400, "{bad}");
    }
    // Neither a socket nor messages.
    let (status, _, _) = ask(&app, "GET", "/cometd?x=1", &alice).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn what_ends_a_line_in_old_scripts_is_escaped_and_parameters_add_up() {
    let world = World::start(Settings {
        callback_polling: true,
        ..Settings::default()
    })
    .await;
    let app = world.routes();
    let client_id = world.subscribed("/a").await;
    world.deliver("alice", "/a - \"one\u{2028}two\u{2029}\"");
    let message = |channel: &str| {
        let text = format!(r#"{{"channel":"{channel}","clientId":"{client_id}","data":1}}"#);
        let pair = form_urlencoded::Serializer::new(String::new())
            .append_pair("message", &text)
            .finish();
        format!("&{pair}")
    };
    let target = format!(
        "/cometd?jsonp=f{}{}",
        message("/service/x"),
        message("/meta/connect")
    );
    let alice = [("authorization", "Bearer alice")];
    let (status, _, text) = ask(&app, "GET", &target, &alice).await;
    assert_eq!(status, 200);
    assert!(text.contains(r#""one\u2028two\u2029""#), "{text}");
    assert_eq!(text.matches("successful").count(), 2, "{text}");
}

#[tokio::test]
async fn scripts_are_not_for_pages_of_other_sites() {
    let world = World::start(Settings {
        callback_polling: true,
        allowed_origins: vec![DESK.into()],
        ..Settings::default()
    })
    .await;
    let app = world.routes();
    let target = format!("/cometd?jsonp=f&{HANDSHAKE}");
    for (site, page, status) in [
        ("cross-site", "https://evil.example/", 403),
        ("cross-site", "", 403),
        ("cross-site", "https://desk.example/", 401),
        ("same-origin", "", 401),
    ] {
        let headers = [
            ("host", "baton.example"),
            ("sec-fetch-site", site),
            ("referer", page),
        ];
        let (seen, _, _) = ask(&app, "GET", &target, &headers).await;
        assert_eq!(seen, status, "{site} {page}");
    }
}

#[tokio::test]
async fn listed_origins_are_answered_by_name_and_others_not_at_all() {
    let listed = [DESK.to_owned()];
    let world = World::start(Settings {
        allowed_origins: listed.to_vec(),
        ..Settings::default()
    })
    .await;
    let app = with_cors(world.routes(), &listed);
    let preflight = |origin| {
        [
            ("host", "baton.example"),
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "content-type,authorization",
            ),
        ]
    };
    let (status, headers, _) = ask(&app, "OPTIONS", "/cometd/handshake", &preflight(DESK)).await;
    assert_eq!(status, 200);
    assert_eq!(headers["access-control-allow-origin"], DESK);
    assert_eq!(headers["access-control-allow-credentials"], "true");
    let text = |name: &str| headers[name].to_str().unwrap().to_lowercase();
    for method in ["get", "post", "put"] {
        assert!(text("access-control-allow-methods").contains(method));
    }
    for header in ["content-type", "authorization"] {
        assert!(text("access-control-allow-headers").contains(header));
    }
    assert!(text("vary").contains("origin"));

    let (status, headers, _) = ask(&app, "POST", "/cometd", &preflight(DESK)).await;
    assert_eq!(status, 400, "no messages");
    assert_eq!(headers["access-control-allow-origin"], DESK);
    assert_eq!(headers["access-control-allow-credentials"], "true");

    for origin in ["https://evil.example", "null", "https://desk.example.evil"] {
        for method in ["OPTIONS", "POST"] {
            let (_, headers, _) = ask(&app, method, "/cometd", &preflight(origin)).await;
            let leave = headers
                .keys()
                .find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(leave, None, "{method} {origin}");
            assert!(headers.contains_key("vary"), "{method} {origin}");
        }
    }
}

#[tokio::test]
async fn any_origin_is_answered_by_name_too() {
    let app = World::start(Settings::default()).await.routes();
    let app = with_cors(app, &["*".to_owned()]);
    let headers = [
        ("origin", "https://any.example"),
        ("access-control-request-method", "POST"),
    ];
    let (_, headers, _) = ask(&app, "OPTIONS", "/cometd", &headers).await;
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://any.example"
    );
}
