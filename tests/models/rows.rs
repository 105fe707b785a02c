//! The table of what each row of the state machine lets the server say, typed by hand in `rows.md`, and the check of
//! what documents cite against it.

use std::collections::{BTreeMap, BTreeSet};

/// Where the table stands.
const PATH: &str = "tests/models/rows.md";
/// The columns of the table that name receivers, with the protocol that each of them speaks unless another is named.
const RECEIVERS: [(&str, &str); 4] = [
    ("agent", "Interaction Management"),
    ("media server", "Interaction Management"),
    ("router", "T-Library"),
    ("reporting", "Reporting"),
];

/// What each row allows, and why some rows are not cited.
pub(crate) struct Rows {
    /// Citation to what may be said: `EventAck (Interaction Management) to agent`.
    allowed: BTreeMap<String, BTreeSet<String>>,
    /// Citation to the reason why no document cites it.
    uncited: BTreeMap<String, String>,
}

impl Rows {
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(PATH).unwrap();
        let mut rows = Self {
            allowed: BTreeMap::new(),
            uncited: BTreeMap::new(),
        };
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let citation = cells[0].to_owned();
            if !["row ", "section ", "race ", "design "]
                .iter()
                .any(|kind| citation.starts_with(kind))
            {
                continue;
            }
            let is_new = match cells[..] {
                [_, why] => rows
                    .uncited
                    .insert(citation.clone(), why.to_owned())
                    .is_none(),
                [_, _, ref said @ ..] => rows
                    .allowed
                    .insert(citation.clone(), cells_of(said))
                    .is_none(),
                [] | [_] => panic!("{PATH}: {line}"),
            };
            assert!(is_new, "{PATH}: {citation} twice");
        }
        rows
    }

    /// Whether a place of the specification lets the server say this.
    pub(crate) fn allow(&self, citation: &str, said: &str) -> bool {
        self.allowed
            .get(citation)
            .is_some_and(|allowed| allowed.contains(said))
    }
}

fn cells_of(cells: &[&str]) -> BTreeSet<String> {
    assert_eq!(cells.len(), RECEIVERS.len(), "{PATH}: {cells:?}");
    let mut said = BTreeSet::new();
    for ((receiver, protocol), cell) in RECEIVERS.iter().zip(cells) {
        for event in cell
            .split(',')
            .map(str::trim)
            .filter(|event| !event.is_empty())
        {
            let event = if event.contains('(') {
                event.to_owned()
            } else {
                format!("{event} ({protocol})")
            };
            said.insert(format!("{event} to {receiver}"));
        }
    }
    said
}

/// The kind of receiver that goes by a name in the documents.
pub(crate) fn receiver(name: &str) -> &'static str {
    match name {
        "Reporting" => "reporting",
        name if name.starts_with("URS") => "router",
        name if name.starts_with("MediaServer") => "media server",
        _ => "agent",
    }
}

/// One line of a document that says something: what to whom, and what it cites.
struct Cited {
    at: String,
    said: String,
    citation: String,
}

fn cited(path: &str, text: &str) -> Vec<Cited> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((to, said)) = line
            .trim()
            .strip_prefix("Server-->>")
            .and_then(|it| it.split_once(": "))
        else {
            continue;
        };
        let at = format!("{path}:{}", number + 1);
        let (said, citation) = said
            .split_once(" # ")
            .unwrap_or_else(|| panic!("{at} cites nothing"));
        let end = said
            .find(')')
            .unwrap_or_else(|| panic!("{at} names no protocol"));
        found.push(Cited {
            at,
            said: format!("{} to {}", &said[..=end], receiver(to)),
            citation: citation.to_owned(),
        });
    }
    found
}

/// Every line cites a row that allows it.
pub(crate) fn check(path: &str, text: &str, rows: &Rows) {
    let wrong: Vec<String> = cited(path, text)
        .into_iter()
        .filter(|line| !rows.allow(&line.citation, &line.said))
        .map(|line| {
            format!(
                "{}: {} does not let it say {}",
                line.at, line.citation, line.said
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Rows 1 to 42 are all cited, or it is said why not; and whatever the table allows, some document shows.
pub(crate) fn check_all_are_cited(documents: &[String]) {
    let rows = Rows::read();
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in documents {
        let text = std::fs::read_to_string(path).unwrap();
        for line in cited(path, &text) {
            shown.entry(line.citation).or_default().insert(line.said);
        }
    }
    for number in 1..=42 {
        let row = format!("row {number}");
        assert!(
            shown.contains_key(&row) != rows.uncited.contains_key(&row),
            "{row} is to be cited by a document, or {PATH} says why not"
        );
    }
    for (row, allowed) in &rows.allowed {
        let never: Vec<_> = allowed
            .iter()
            .filter(|said| !shown.get(row).is_some_and(|it| it.contains(*said)))
            .collect();
        assert!(
            never.is_empty(),
            "{PATH}: {row} allows what no document shows: {never:?}"
        );
    }
}
