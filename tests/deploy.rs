//! What is in `deploy/` and the image names options that there are, and addresses that fit one another.

use std::collections::BTreeSet;
use std::path::Path;

use baton::options::{File, Flags, Options};
use baton::server::SECRET_VARIABLE;
use clap::Args;

/// The variables that the program reads.
fn variables() -> BTreeSet<String> {
    let command = Flags::augment_args(clap::Command::new("baton"));
    let of_options = command
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str());
    of_options
        .chain(["BATON_CONFIG", SECRET_VARIABLE])
        .map(str::to_owned)
        .collect()
}

/// Every word of a text that is written like a variable of Baton.
fn named(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("BATON_"))
        .collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_variable_is_one_that_the_program_reads() {
    let known = variables();
    for path in [
        "Dockerfile",
        "deploy/systemd/baton.service",
        "deploy/systemd/baton-backup.service",
        "deploy/kubernetes/server.yaml",
        "deploy/kubernetes/backup.yaml",
    ] {
        let text = read(path);
        let found = named(&text);
        assert!(!found.is_empty(), "{path}");
        let unknown = found.iter().find(|name| !known.contains(**name));
        assert_eq!(unknown, None, "{path}");
    }
}

#[test]
fn the_configuration_of_kubernetes_is_valid_and_fits_the_manifests() {
    let path = Path::new("deploy/kubernetes/baton.toml");
    let keys = File::read(Some(path)).unwrap();
    let (options, centres) = Options::resolve(Flags::default(), keys);
    assert_eq!(centres.len(), 1);
    let server = read("deploy/kubernetes/server.yaml");
    let port = options.listen.port();
    assert!(server.contains(&format!("name: http, containerPort: {port}")));
    assert!(server.contains(&format!("\"{}\"", options.listen)));
    let monitoring = options.metrics_listen().unwrap().unwrap().port();
    assert!(server.contains(&format!("name: monitoring, containerPort: {monitoring}")));
    assert!(server.contains(&format!("prometheus.io/port: \"{monitoring}\"")));
    let data = format!("value: {}", options.data.display());
    assert!(server.contains(&data) && read("deploy/kubernetes/backup.yaml").contains(&data));
}

#[test]
fn an_address_for_monitoring_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, "metrics_listen = \"9090\"").unwrap();
    let (options, _) = Options::resolve(Flags::default(), File::read(Some(&file)).unwrap());
    assert!(options.metrics_listen().is_err());
}
