//! Every option is a flag, a variable and a key of `baton.toml`; the program's own rules about them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use baton::domain::Role;
use baton::options::{File, Flags, Options};
use clap::Args;

#[test]
fn every_option_is_a_flag_a_variable_and_a_key() {
    let command = Flags::augment_args(clap::Command::new("baton"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    let arguments: Vec<_> = command.get_arguments().collect();
    assert!(arguments.len() > 20);
    for argument in arguments {
        let flag = argument.get_long().unwrap();
        let key = flag.replace('-', "_");
        let variable = argument.get_env().unwrap().to_str().unwrap();
        assert_eq!(variable, format!("BATON_{}", key.to_uppercase()));
        assert!(argument.get_help().is_some(), "{flag}");
        let is_a_key = ["\"x\"", "7", "true", "\"127.0.0.1:1\""]
            .iter()
            .any(|value| {
                std::fs::write(&file, format!("{key} = {value}")).unwrap();
                File::read(Some(&file)).is_ok()
            });
        assert!(is_a_key, "{key}");
    }
}

/// What is on a command line is for everybody on the machine to see.
#[test]
fn no_flag_takes_a_secret() {
    let command = Flags::augment_args(clap::Command::new("baton"));
    let of_options = command.get_arguments().map(|argument| {
        let help = argument.get_help().unwrap().to_string();
        (argument.get_long().unwrap().to_owned(), help)
    });
    let folder = tempfile::tempdir().unwrap();
    let commands = [
        "token",
        "health",
        "hash",
        "config check",
        "journal verify",
        "journal repair",
        "journal export",
        "journal import",
        "backup",
    ];
    let of_commands = commands.iter().flat_map(|command| {
        let output = baton(folder.path(), &format!("{command} --help"), None);
        assert!(output.status.success(), "{command}: {output:?}");
        let help = String::from_utf8(output.stdout).unwrap();
        let words: Vec<String> = help.split_whitespace().map(str::to_owned).collect();
        let flags = words
            .into_iter()
            .filter_map(|word| word.strip_prefix("--").map(str::to_owned));
        flags.collect::<Vec<_>>()
    });
    let known: Vec<(String, String)> = of_options.collect();
    let is_secret = |flag: &str| {
        let words = ["secret", "password", "token", "key", "credential", "pass"];
        flag.split('-').any(|word| words.contains(&word))
    };
    for (flag, help) in known.iter().filter(|(flag, _)| is_secret(flag)) {
        let is_harmless = help.starts_with("File ") || flag.ends_with("-ms");
        assert!(is_harmless, "--{flag}: {help}");
    }
    for flag in of_commands.filter(|flag| is_secret(flag)) {
        assert!(known.iter().any(|(known, _)| *known == flag), "--{flag}");
    }
}

#[test]
fn an_unknown_or_wrong_key_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    for text in [
        "colour = 1",
        "delivery_timeout_ms = \"soon\"",
        "[centres.a.users.b]\nroles = [\"emperor\"]",
    ] {
        std::fs::write(&file, text).unwrap();
        let Err(error) = File::read(Some(&file)) else {
            panic!("{text} is taken");
        };
        let error = format!("{:#}", anyhow::Error::from(error));
        assert!(
            error.contains("baton.toml") && error.contains("line"),
            "{error}"
        );
    }
}

#[test]
fn defaults_are_those_of_the_design() {
    let (options, centres) = Options::resolve(Flags::default(), File::read(None).unwrap());
    assert!(centres.is_empty());
    assert_eq!(options.listen.to_string(), "127.0.0.1:8080");
    let times = options.timing();
    assert_eq!(times.delivery_timeout_ms, 30_000);
    assert_eq!(times.handling_timeout_ms, 180 * 60_000);
    assert_eq!(times.routing_timeout_ms, 720 * 60_000);
    assert_eq!(
        (times.invitation_grace_ms, times.ownership_grace_ms),
        (5_000, 30_000)
    );
    assert_eq!(times.snapshot_timeout_ms, 10 * 60_000);
    let hub = options.hub_settings();
    assert_eq!(
        (hub.timeout_ms, hub.interval_ms, hub.max_interval_ms),
        (30_000, 0, 10_000)
    );
    assert_eq!(
        (hub.queue_len_max, options.body_bytes_max),
        (1_000, 1024 * 1024)
    );
}

#[test]
fn the_program_refuses_what_is_unsafe() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, "[centres.acme.users.ada]\nroles = [\"agent\"]\n").unwrap();
    let cases = [
        ("serve --listen 0.0.0.0:0", None, "--demo"),
        (
            "serve --config {file} --listen 0.0.0.0:0",
            Some("short"),
            "shorter than 32",
        ),
        ("serve", Some(""), "the secret is empty"),
        ("serve --config /no/such/file", None, "/no/such/file"),
        (
            "serve --delivery-timeout-ms soon",
            None,
            "--delivery-timeout-ms",
        ),
        ("token --user nobody", None, "nobody"),
        ("token --user agent1", None, "BATON_JWT_SECRET"),
        ("health --listen 127.0.0.1:1", None, "nothing listens"),
        // Last, since these leave a secret behind.
        (
            "serve --listen 127.0.0.1:0 --jwks-file /no/such/keys",
            None,
            "jwks_file",
        ),
        (
            "serve --listen 127.0.0.1:0 --jwks-url file:///keys",
            None,
            "http or https",
        ),
        (
            "serve --listen 127.0.0.1:0 --jwks-file a --jwks-url http://b",
            None,
            "not both",
        ),
        (
            "serve --listen 127.0.0.1:0 --jwt-role-names agents",
            None,
            "\"agents\"",
        ),
        (
            "serve --listen 127.0.0.1:0 --tls-cert /no/such/cert",
            None,
            "/no/such/cert",
        ),
        (
            "serve --listen 127.0.0.1:0 --trusted-proxies here",
            None,
            "\"here\"",
        ),
    ];
    for (line, secret, expected) in cases {
        let output = baton(folder.path(), line, secret);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{line}");
        assert!(said.contains(expected), "{line}: {said}");
    }
}

#[test]
fn a_log_that_cannot_be_written_does_not_end_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "trace"])
        .env("BATON_DATA", folder.path().join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(server.stderr.take());
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let listening = lines.next().unwrap().unwrap();
    let address = listening.rsplit('/').next().unwrap().to_owned();
    let health = baton(folder.path(), &format!("health --listen {address}"), None);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(health.status.success(), "{listening}: {health:?}");
}

#[test]
fn a_token_is_printed_for_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "0123456789abcdef0123456789abcdef";
    let line = "token --user other-agent --valid-s 60";
    let output = baton(folder.path(), line, Some(secret));
    assert!(output.status.success());
    let token = String::from_utf8(output.stdout).unwrap();
    let tokens = baton::identity::Tokens::new(secret.as_bytes(), "", "", 0);
    let claims = tokens.verify(token.trim()).unwrap();
    assert_eq!(
        (claims.user.as_str(), claims.centre.as_str()),
        ("other-agent", "other")
    );
    assert_eq!(claims.roles, [Role::Agent].into());
}

/// A centre that can be used; what follows in a case is added to it.
const USABLE: &str =
    "[centres.a.users.admin]\nroles = [\"admin\"]\n[centres.a.capacity]\nchat = 3\n";

#[test]
fn a_configuration_file_is_checked_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let queue =
        |medium: &str| format!("{USABLE}[centres.a.queues.papers]\nmedia_type = {medium:?}\n");
    let user = |hash: &str| {
        format!("{USABLE}[centres.a.users.ben]\nroles = []\npassword_hash = {hash:?}\n")
    };
    let state =
        |name: &str| format!("{USABLE}[centres.a.agent_states.{name}]\ndisplay_name = \"It\"\n");
    for (text, expected) in [
        (USABLE.to_owned(), None),
        (queue("chat"), None),
        (state("Meeting"), None),
        (String::new(), Some("centres names no contact centre")),
        ("colour = 1".to_owned(), Some("line 1, column 1")),
        (
            "[centres.a]\n[centres.a.users.b]\nroles = 7".to_owned(),
            Some("line 3"),
        ),
        (
            "[centres.a.users.b]".to_owned(),
            Some("line 1: centres.a.users has nobody with the role admin"),
        ),
        (
            queue("fax"),
            Some("line 5: centres.a.queues.papers is for the medium fax"),
        ),
        (
            user("hunter2"),
            Some("line 7: centres.a.users.ben.password_hash is no hash"),
        ),
        (
            state("Ready"),
            Some("line 5: centres.a.agent_states.Ready has the name"),
        ),
        (
            format!("allowed_origins = \"a=https://desk.example\"\n{USABLE}"),
            None,
        ),
        (
            format!("allowed_origins = \"https://desk.example/\"\n{USABLE}"),
            Some("line 1: allowed_origins is not valid: 'https://desk.example/' is no origin"),
        ),
        (
            format!("allowed_origins = \"b=https://desk.example\"\n{USABLE}"),
            Some("line 1: allowed_origins names the contact centre b, which is none"),
        ),
        (
            format!("trusted_proxies = \"here\"\n{USABLE}"),
            Some("line 1: trusted_proxies is not valid"),
        ),
        (
            format!("metrics_listen = \"here\"\n{USABLE}"),
            Some("line 1: metrics_listen is not valid"),
        ),
    ] {
        std::fs::write(folder.path().join("baton.toml"), &text).unwrap();
        let output = baton(folder.path(), "config check {file}", None);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = if expected.is_some() { 2 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{text}: {said}");
        assert!(
            said.contains(expected.unwrap_or_default()),
            "{text}: {said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
    let output = baton(folder.path(), "config check /no/such/file", None);
    assert_eq!(output.status.code(), Some(2));
}

fn baton(folder: &Path, line: &str, secret: Option<&str>) -> Output {
    let file = folder.join("baton.toml").display().to_string();
    let arguments = line.split(' ').map(|word| word.replace("{file}", &file));
    Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(arguments)
        .env_clear()
        .env("BATON_DATA", folder.join("data"))
        .envs(secret.map(|secret| ("BATON_JWT_SECRET", secret)))
        .output()
        .unwrap()
}
