//! The CometD server over real connections, told as wire scripts: `*.script`, explained in `script.rs`.

mod application;
mod carriers;
mod client;
mod connections;
mod frames;
mod garbage;
mod http2;
mod machine;
mod pages;
mod parser;
mod script;
mod server_sent_events;
mod wire_text;

macro_rules! scripts {
    ($($name:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            script::run(stringify!($name), include_str!(concat!(stringify!($name), ".script"))).await;
        })*
    };
}

scripts! {
    handshake connect disconnect subscribe unsubscribe publish websocket acknowledgement timesync current_state
    ownership expiry overflow_by_length overflow_by_bytes bounds server_bounds browser_limit liveness activity moving malformed
    polling callback_polling shutdown socket_left
}
