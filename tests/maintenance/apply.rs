//! `baton config apply`: a file is told to the server that runs.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::process::Process;

const FILE: &str = r#"
[centres.demo.capacity]
chat = 3
fax = 1
[centres.demo.queues.papers]
media_type = "fax"
[centres.demo.users.admin]
first_name = "Demo"
last_name = "Chief"
roles = ["admin"]
"#;
const SECOND: &str = "[centres.second.users.admin]\nroles = [\"admin\"]\n";

/// Runs the command on a file in a folder.
fn apply(folder: &Path, text: &str, arguments: &[&str], url: &str, token: &str) -> Output {
    let file = folder.join("baton.toml");
    std::fs::write(&file, text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(["config", "apply"])
        .arg(file)
        .args(arguments)
        .env_clear()
        .envs([("BATON_URL", url), ("BATON_TOKEN", token)])
        .output()
        .unwrap()
}

#[test]
fn the_difference_is_printed_and_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(&folder.path().join("data"), &[]);
    let token = server.client("admin").token;
    let ask = |arguments: &[&str]| {
        let output = apply(folder.path(), FILE, arguments, &server.url, &token);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{error}");
        String::from_utf8(output.stdout).unwrap()
    };
    let is_kept = |line: &&str| line.starts_with("  ");
    let changed = |said: &str| {
        let lines = said.lines().filter(|line| !is_kept(line));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let difference = ["+ medium fax", "+ queue papers", "~ user admin: last_name"];
    let dry = ask(&["--dry-run"]);
    assert_eq!(changed(&dry)[..3], difference, "{dry}");
    assert_eq!(changed(&dry)[3], "demo: 3 changes to make; none was made");
    assert!(
        dry.contains("  user agent1 is not in the file, and stays"),
        "{dry}"
    );
    let done = ask(&[]);
    assert_eq!(changed(&done)[..3], difference, "{done}");
    assert!(
        changed(&done)[3].starts_with("demo: 3 changes made, at sequence "),
        "{done}"
    );
    assert_eq!(changed(&ask(&[])), ["demo: nothing to change"]);
    let rest = ask(&["--remove-others"]);
    assert!(
        rest.contains("- user agent1\n") && !rest.contains("stays"),
        "{rest}"
    );
    assert_eq!(ask(&["--remove-others"]), "demo: nothing to change\n");
}

#[test]
fn what_cannot_be_applied_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(&folder.path().join("data"), &[]);
    let (admin, agent) = (server.client("admin").token, server.client("agent1").token);
    let both = format!("{FILE}{SECOND}");
    let nowhere = "http://127.0.0.1:9";
    let url = server.url.as_str();
    for (text, arguments, url, token, code, told) in [
        (
            FILE,
            &[][..],
            nowhere,
            admin.as_str(),
            1,
            "nothing answers at",
        ),
        (
            FILE,
            &[],
            url,
            "none",
            1,
            "the server refused: Access denied",
        ),
        (FILE, &[], url, &agent, 1, "This is for administrators"),
        (&both, &[], url, &admin, 1, "say by --centre"),
        (
            &both,
            &["--centre", "third"],
            url,
            &admin,
            1,
            "say by --centre",
        ),
        (
            &both,
            &["--centre", "second"],
            url,
            &admin,
            1,
            "invalid value 'second'",
        ),
        (
            &both,
            &["--centre", "demo", "--dry-run"],
            url,
            &admin,
            0,
            "",
        ),
        (
            SECOND.replace("admin", "agent").as_str(),
            &[],
            url,
            &admin,
            2,
            "nobody with the role admin",
        ),
        ("colour = 1", &[], url, &admin, 2, "is not valid"),
        (FILE, &["--token"], url, &admin, 2, "--token"),
    ] {
        let output = apply(folder.path(), text, arguments, url, token);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
        assert!(!said.contains(&admin), "{said}");
    }
}
