//! Whether a `baton.toml` can be used, without starting anything.

use std::error::Error;
use std::path::Path;

use toml::de::DeTable;

use super::{ConfigError, File, Flags, Options};
use crate::identity::is_password_hash;

/// Everything that is wrong with a file that can be read: each with its line, as far as it has one, and its key.
///
/// # Errors
/// Unreadable, not TOML, an unknown key, a value out of range: then that is what has to be put right first.
pub fn check(path: &Path) -> Result<Vec<String>, ConfigError> {
    let keys = File::read(Some(path))?;
    let text = File::text(path)?;
    let (options, centres) = Options::resolve(Flags::default(), keys);
    let mut problems = Vec::new();
    let mut add = |place: &[&str], what: &str| {
        problems.push(match line_of(&text, place) {
            Some(line) => format!("line {line}: {} {what}", place.join(".")),
            None => format!("{} {what}", place.join(".")),
        });
    };
    if centres.is_empty() && !options.demo {
        add(&["centres"], "names no contact centre");
    }
    for (id, centre) in &centres {
        for problem in centre.problems() {
            let place = problem.place.iter().map(String::as_str);
            let place: Vec<&str> = ["centres", id.as_str()].into_iter().chain(place).collect();
            add(&place, &problem.text);
        }
        for (name, user) in &centre.users {
            if user
                .password_hash
                .as_deref()
                .is_some_and(|it| !is_password_hash(it))
            {
                let place = [
                    "centres",
                    id.as_str(),
                    "users",
                    name.as_str(),
                    "password_hash",
                ];
                add(&place, "is no hash of a password: `baton hash` makes one");
            }
        }
    }
    match options.origins() {
        Err(error) => add(&["allowed_origins"], &told(&error)),
        Ok(origins) => {
            for unknown in origins
                .centres()
                .filter(|it| !centres.is_empty() && !centres.contains_key(*it))
            {
                add(
                    &["allowed_origins"],
                    &format!("names the contact centre {unknown}, which is none"),
                );
            }
        }
    }
    if let Err(error) = options.connection_settings() {
        add(&["trusted_proxies"], &told(&error));
    }
    if let Err(error) = options.metrics_listen() {
        add(&["metrics_listen"], &told(&error));
    }
    match options.provider_settings() {
        Err(error) => add(&["jwks_file, jwks_url, jwt_…"], &told(&error)),
        // Its administrators need not be configured.
        Ok(Some(_)) => {}
        Ok(None) => {
            for (id, _) in centres.iter().filter(|(_, it)| !it.has_administrator()) {
                let place = ["centres", id.as_str(), "users"];
                add(&place, "has nobody with the role admin");
            }
        }
    }
    Ok(problems)
}

fn told(error: &impl Error) -> String {
    format!("is not valid: {error}")
}

/// The line of the last key of a place that the file has.
fn line_of(text: &str, place: &[&str]) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut table = Some(root.get_ref());
    let mut start = None;
    for name in place {
        let found = table.and_then(|it| it.iter().find(|(key, _)| key.get_ref() == name));
        let Some((key, value)) = found else { break };
        start = Some(key.span().start);
        table = value.get_ref().as_table();
    }
    Some(text[..start?].matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::line_of;

    #[test]
    fn a_place_has_the_line_of_its_last_key() {
        let text = "demo = true\n\n[centres.a.users.admin]\nroles = []\n[centres.a.queues]\nb = {media_type = \"c\"}\n";
        for (place, line) in [
            (&["demo"][..], Some(1)),
            (&["centres", "a", "users"], Some(3)),
            (&["centres", "a", "users", "admin", "roles"], Some(4)),
            (
                &["centres", "a", "users", "admin", "password_hash"],
                Some(3),
            ),
            (&["centres", "a", "queues", "b"], Some(6)),
            (&["listen"], None),
        ] {
            assert_eq!(line_of(text, place), line, "{place:?}");
        }
    }
}
