//! A model document, taken apart.

use std::collections::BTreeSet;

/// One line of a diagram.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    /// `X->>Server: Request key=value …`
    Stimulus { from: String, request: String },
    /// `Note over Server: 30s pass`
    Pass { ms: u64 },
    /// `Server-->>X: Event (Protocol) key=value …`, compared and rewritten.
    Said,
    /// Anything else: kept as it is.
    Other,
}

/// One Mermaid block: a heading, and its lines with their numbers in the document.
pub(crate) struct Block {
    pub(crate) heading: String,
    pub(crate) lines: Vec<(usize, String, Line)>,
}

/// A whole document.
pub(crate) struct Document {
    pub(crate) text: Vec<String>,
    /// What is done silently before every block.
    pub(crate) given: Vec<Line>,
    pub(crate) blocks: Vec<Block>,
    /// `Event (Protocol)` of every row of a table of messages, typed from the seed.
    pub(crate) rows: BTreeSet<String>,
    /// What is said beside the tables, after `Beyond the reference:`.
    pub(crate) beyond: BTreeSet<String>,
    /// Operation names of a table of operations.
    pub(crate) operations: BTreeSet<String>,
    /// Event attributes with type Mandatory, under the last heading that names an event.
    pub(crate) mandatory: Vec<(String, String)>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Self {
        let mut document = Self {
            text: text.lines().map(str::to_owned).collect(),
            given: Vec::new(),
            blocks: Vec::new(),
            rows: BTreeSet::new(),
            beyond: BTreeSet::new(),
            operations: BTreeSet::new(),
            mandatory: Vec::new(),
        };
        let mut fence = String::new();
        let mut heading = String::new();
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if let Some(kind) = trimmed.strip_prefix("```") {
                kind.clone_into(&mut fence);
                if kind == "mermaid" {
                    let heading = heading.clone();
                    document.blocks.push(Block {
                        heading,
                        lines: Vec::new(),
                    });
                }
            } else if fence == "mermaid" {
                assert!(
                    !trimmed.contains(';'),
                    "line {}: Mermaid ends a statement at ;",
                    number + 1
                );
                let block = document.blocks.last_mut().unwrap();
                block
                    .lines
                    .push((number, line.to_owned(), parse_line(trimmed)));
            } else if fence == "given" {
                document.given.push(parse_line(trimmed));
            } else if trimmed.starts_with('#') {
                trimmed.trim_matches(['#', ' ']).clone_into(&mut heading);
            } else if let Some(list) = trimmed.strip_prefix("Beyond the reference:") {
                let listed = list.trim().trim_end_matches('.').split(", ");
                document.beyond.extend(listed.map(str::to_owned));
            } else if trimmed.starts_with('|') {
                document.read_row(trimmed, &heading);
            }
        }
        document
    }

    fn read_row(&mut self, row: &str, heading: &str) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        match cells[..] {
            [message, protocol]
                if message.starts_with("Event") && protocol.len() > 2 && protocol != "Type" =>
            {
                if matches!(protocol, "Mandatory" | "Optional") {
                    self.read_attribute(message, protocol, heading);
                } else {
                    let event = message.split(',').next().unwrap_or(message);
                    self.rows.insert(format!("{event} ({protocol})"));
                }
            }
            [attribute, kind @ ("Mandatory" | "Optional")] => {
                self.read_attribute(attribute, kind, heading)
            }
            [operation, "POST", ..] => {
                self.operations.insert(operation.to_owned());
            }
            _ => {}
        }
    }

    fn read_attribute(&mut self, attribute: &str, kind: &str, heading: &str) {
        if kind == "Mandatory" {
            self.mandatory
                .push((heading.to_owned(), attribute.to_owned()));
        }
    }
}

fn parse_line(line: &str) -> Line {
    if line.starts_with("Server-->>") {
        return Line::Said;
    }
    if let Some((from, request)) = line.split_once("->>Server: ") {
        return Line::Stimulus {
            from: from.trim().to_owned(),
            request: request.trim().to_owned(),
        };
    }
    match line
        .strip_prefix("Note over Server: ")
        .and_then(|note| note.strip_suffix("s pass"))
    {
        Some(seconds) => Line::Pass {
            ms: seconds.parse::<u64>().expect("a number of seconds") * 1_000,
        },
        None => Line::Other,
    }
}
