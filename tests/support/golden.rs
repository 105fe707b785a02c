//! Files that are generated and committed, so that a change of them is read.

/// The file at `path` holds what is generated, or is rewritten if the variable `rewrite` is set.
pub(crate) fn check(path: &str, rewrite: &str, generated: &str) {
    if std::env::var_os(rewrite).is_some() {
        std::fs::write(path, generated).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == generated,
        "{path} is out of date: {rewrite}=1 rewrites it"
    );
}
