//! The rules of the house (design section 2), checked: floors, banned words, sizes, no unreachable file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms, each with the rooms that it may import besides itself.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("metrics", &[]),
    ("engine", &["domain"]),
    ("bayeux", &[]),
    ("journal", &[]),
    ("hub", &["bayeux"]),
    (
        "centre",
        &["hub", "bayeux", "engine", "journal", "domain", "metrics"],
    ),
    (
        "api",
        &[
            "identity",
            "transports",
            "centre",
            "hub",
            "engine",
            "domain",
            "metrics",
        ],
    ),
    (
        "identity",
        &["transports", "centre", "hub", "journal", "domain"],
    ),
    ("transports", &["hub", "bayeux"]),
    ("options", &["identity", "transports", "hub", "domain"]),
    ("logging", &["centre", "options"]),
    ("maintenance", &["centre", "engine", "journal", "domain"]),
    (
        "server",
        &[
            "api",
            "identity",
            "transports",
            "centre",
            "domain",
            "hub",
            "journal",
            "options",
        ],
    ),
];

/// Rooms that are sans-IO, and what they never name.
const SANS_IO: [&str; 3] = ["domain", "engine", "bayeux"];
const BANNED: [&str; 9] = [
    "tokio",
    "axum",
    "std::net",
    "std::fs",
    "SystemTime",
    "Instant::now",
    "HashMap",
    "getrandom",
    "new_v4",
];

/// Lines of a file without its tests, and of a function.
const FILE_LINES_MAX: usize = 500;
const FILE_LINES_MEDIAN_MAX: usize = 150;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((_, below)) = FLOORS.iter().find(|(room, _)| *room == source.room) else {
            continue;
        };
        for (number, line) in source.code() {
            for room in imported_rooms(line) {
                if room != source.room && !below.contains(&room) {
                    wrong.push(format!(
                        "{}:{number}: imports {room}",
                        source.path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_has_its_floor() {
    let rooms: BTreeSet<String> = sources().map(|source| source.room).collect();
    let known: BTreeSet<String> = FLOORS.iter().map(|(room, _)| (*room).to_owned()).collect();
    let roof: BTreeSet<String> = ["lib", "main", "config_command"].map(str::to_owned).into();
    assert_eq!(rooms, known.union(&roof).cloned().collect());
}

#[test]
fn the_cores_do_no_io() {
    let mut wrong = Vec::new();
    for source in sources().filter(|source| SANS_IO.contains(&source.room.as_str())) {
        for (number, line) in source.code() {
            if let Some(word) = BANNED.iter().find(|word| names(line, word)) {
                wrong.push(format!("{}:{number}: names {word}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_of_cometd_knows_nothing_of_contact_centres() {
    for source in sources().filter(|source| matches!(source.room.as_str(), "bayeux" | "hub")) {
        let found = source.code().find(|(_, line)| names(line, "Interaction"));
        assert!(found.is_none(), "{}: {found:?}", source.path.display());
    }
}

#[test]
fn files_and_functions_are_small() {
    let mut wrong = Vec::new();
    let mut sizes: Vec<usize> = Vec::new();
    for source in sources() {
        let lines = source.code().count();
        sizes.push(lines);
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{}: {lines} lines", source.path.display()));
        }
        for (name, length) in source.functions() {
            if length > FUNCTION_LINES_MAX {
                wrong.push(format!(
                    "{}: {name} has {length} lines",
                    source.path.display()
                ));
            }
        }
    }
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(
        median <= FILE_LINES_MEDIAN_MAX,
        "the median file has {median} lines"
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_is_reachable() {
    let files: BTreeMap<PathBuf, String> =
        sources().map(|source| (source.path, source.text)).collect();
    for path in files.keys() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap();
        let (name, parents) = match stem {
            "lib" | "main" => continue,
            "mod" => (
                folder.file_name().unwrap().to_str().unwrap(),
                folder.parent().unwrap(),
            ),
            other => (other, folder),
        };
        let declared = ["mod.rs", "lib.rs", "main.rs"].iter().any(|parent| {
            files.get(&parents.join(parent)).is_some_and(|text| {
                text.lines()
                    .any(|line| line.trim_end().ends_with(&format!("mod {name};")))
            })
        });
        assert!(declared, "{} is declared by no module", path.display());
    }
}

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

impl Source {
    /// The lines before the file's tests, numbered, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(index, line)| (index + 1, line))
    }

    /// Every function with its length, by the indentation that rustfmt gives.
    fn functions(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        let lines: Vec<(usize, &str)> = self.code().collect();
        for (index, (start, line)) in lines.iter().enumerate() {
            let Some((before, after)) = line.split_once("fn ") else {
                continue;
            };
            let starts = before
                .split_whitespace()
                .all(|word| matches!(word, "pub" | "async" | "const") || word.starts_with("pub("));
            let mut rest = lines[index..].iter();
            let opening = rest.find(|(_, line)| line.ends_with(['{', '}', ';']));
            let is_declared_only = opening.is_some_and(|(_, line)| line.ends_with(';'));
            if !starts || is_declared_only {
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            let closing = format!("{}}}", " ".repeat(indent));
            let end = lines[index..].iter().find(|(_, line)| *line == closing);
            if let Some((end, _)) = end {
                let name = after.split(['(', '<']).next().unwrap_or(after).to_owned();
                found.push((name, end - start + 1));
            }
        }
        found
    }
}

fn sources() -> impl Iterator<Item = Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).unwrap();
                let first = below.components().next().unwrap();
                let room = Path::new(first.as_os_str()).file_stem().unwrap();
                let room = room.to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                found.push(Source { path, room, text });
            }
        }
    }
    found.into_iter()
}

/// The rooms that a line imports by `crate::…`.
fn imported_rooms(line: &str) -> Vec<&str> {
    line.match_indices("crate::")
        .map(|(at, prefix)| {
            let rest = &line[at + prefix.len()..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
        .filter(|name| name.chars().next().is_some_and(char::is_lowercase))
        .collect()
}

/// Whether a line has a word, not only as a part of a longer one.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
