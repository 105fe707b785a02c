//! The README agrees with the program. Its commands are run by `.ci/readme`.

use baton::engine::operations::{Gateway, SPECS};
use baton::options::{File, Flags, Options};

fn readme() -> String {
    std::fs::read_to_string("README.md").unwrap()
}

#[test]
fn its_configuration_is_taken() {
    let readme = readme();
    let after = readme.split("```toml\n").nth(1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, after.split("```").next().unwrap()).unwrap();
    let (options, centres) = Options::resolve(Flags::default(), File::read(Some(&file)).unwrap());
    assert_eq!(options.delivery_timeout_ms, 30_000);
    let (id, acme) = centres.first_key_value().unwrap();
    assert_eq!(id.as_str(), "acme");
    assert_eq!(
        (acme.users.len(), acme.queues.len(), acme.workbins.len()),
        (1, 1, 1)
    );
}

#[test]
fn it_lists_every_operation() {
    let readme = readme();
    for spec in SPECS
        .iter()
        .filter(|spec| spec.gateway == Gateway::Interaction)
    {
        assert!(readme.contains(spec.name), "{}", spec.name);
    }
}
