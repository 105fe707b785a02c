//! The reference's models as documents that run. The form is described in `runner.rs`.

mod attributes;
mod classify;
mod describe;
pub(crate) mod document;
mod journal;
mod rows;
mod runner;
mod stimulus;
pub(crate) mod world;

macro_rules! models {
    ($($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                runner::check(concat!("tests/models/", stringify!($name), ".md"));
            }
        )*

        /// Every document of the folder.
        pub(crate) const DOCUMENTS: &[&str] = &[$(concat!("tests/models/", stringify!($name), ".md"),)*];
    };
}

models! {
    administration,
    agent_operations,
    agent_pulls,
    agent_submits,
    change_properties,
    conference,
    deliver_interaction,
    desktops,
    disconnection,
    external_router,
    hold_and_resume,
    interaction_snapshots,
    log_in_and_out,
    media_server_submits,
    place_in_queue,
    place_in_workbin,
    query_address,
    registration,
    reporting_engine_connects,
    router,
    stop_processing,
    transfer,
    workbin_operations,
}

#[test]
fn every_row_of_the_state_machine_is_cited() {
    let documents: Vec<String> = DOCUMENTS.iter().map(ToString::to_string).collect();
    rows::check_all_are_cited(&documents);
}

#[test]
fn every_document_runs() {
    let folder = std::fs::read_dir("tests/models").unwrap();
    let mut found: Vec<String> = folder
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|path| path.ends_with(".md") && !path.ends_with("/rows.md"))
        .collect();
    found.sort();
    assert_eq!(found, DOCUMENTS);
}
