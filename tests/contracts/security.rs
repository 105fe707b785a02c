//! The security checklist of `SECURITY.md`: it is whole, and every test that it names exists.

use std::path::Path;

/// How many statements there are.
const STATEMENTS: usize = 70;

#[test]
fn every_statement_of_the_checklist_names_tests_that_exist_or_says_what_is_not_shown() {
    let text = std::fs::read_to_string("SECURITY.md").unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let number: usize = cells.first()?.parse().ok()?;
        Some((number, cells))
    });
    let rows: Vec<_> = rows.collect();
    let numbers: Vec<usize> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=STATEMENTS).collect::<Vec<_>>());
    for (number, cells) in rows {
        let shown = cells[2];
        let named: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        let tests = named.iter().filter(|name| is_name(name));
        let missing: Vec<_> = tests.clone().filter(|name| !exists(name)).collect();
        assert!(missing.is_empty(), "{number}: {missing:?}");
        let is_admitted = ["Partly: ", "Not ", "This file"]
            .iter()
            .any(|beginning| shown.starts_with(beginning));
        assert!(
            is_admitted || tests.count() > 0,
            "{number}: shown by nothing"
        );
    }
}

fn is_name(text: &str) -> bool {
    text.contains("::") || text.ends_with(".mjs")
}

/// Whether a test is in the file that its path leads to, of the tests or of the program; or is a wire script.
fn exists(name: &str) -> bool {
    let Some((module, function)) = name.rsplit_once("::") else {
        return Path::new("tests/clients").join(name).is_file();
    };
    let path = module.replace("::", "/");
    let script = format!("tests/{path}/{function}.script");
    let files = ["tests", "src"]
        .into_iter()
        .flat_map(|root| [format!("{root}/{path}.rs"), format!("{root}/{path}/mod.rs")]);
    let mut texts = files.filter_map(|file| std::fs::read_to_string(file).ok());
    Path::new(&script).is_file() || texts.any(|text| text.contains(&format!("fn {function}(")))
}
