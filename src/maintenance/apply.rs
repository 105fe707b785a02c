//! What a `baton.toml` says of a contact centre, applied to the server that runs it (design D16).

use anyhow::{Context, Result, bail};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Report;
use crate::domain::{CentreId, Configuration, Difference, DifferenceKind};

/// What is applied, and how.
pub struct Application<'a> {
    /// Which contact centre it is.
    pub centre: &'a CentreId,
    /// As the file has it.
    pub configuration: &'a Configuration,
    /// Whether what the file does not name is removed.
    pub removes_others: bool,
    /// Whether the difference is only told.
    pub is_dry_run: bool,
}

/// What the server answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u8,
    #[serde(default)]
    status_message: String,
    #[serde(default)]
    changes: Vec<Difference>,
    sequence: Option<u64>,
}

/// Applies it, with the token of an administrator of the contact centre, to the server at a URL; tells the difference.
///
/// # Errors
/// There is no such server, or it refuses.
pub async fn apply(application: &Application<'_>, url: &str, token: &str) -> Result<Report> {
    let mut configuration = json!(application.configuration);
    if let Value::Object(keys) = &mut configuration {
        // Options of the server, and what only it knows.
        keys.retain(|key, _| key != "timing" && key != "removed_users");
    }
    let body = json!({
        "contactCenterId": application.centre,
        "configuration": configuration,
        "removeOthers": application.removes_others,
        "dryRun": application.is_dry_run,
    });
    let url = format!("{}/api/v2/configuration", url.trim_end_matches('/'));
    let request = Client::new().put(&url).bearer_auth(token);
    let request = request.header("content-type", "application/json");
    let reply = request.body(body.to_string()).send().await;
    let text = reply
        .with_context(|| format!("nothing answers at {url}"))?
        .text()
        .await?;
    let answer = serde_json::from_str::<Answer>(&text);
    let answer = answer.with_context(|| format!("what answers at {url} is no Baton"))?;
    if answer.status_code != 0 {
        bail!("the server refused: {}", answer.status_message);
    }
    Ok(report(application, &answer))
}

fn report(application: &Application<'_>, answer: &Answer) -> Report {
    let mut report = Report::default();
    for change in &answer.changes {
        report.fact(told(change));
    }
    let is_kept = |it: &&Difference| it.change == DifferenceKind::Kept;
    let changes = answer.changes.len() - answer.changes.iter().filter(is_kept).count();
    let (centre, dry) = (application.centre, application.is_dry_run);
    report.fact(match answer.sequence.filter(|_| changes > 0) {
        Some(sequence) => format!("{centre}: {changes} changes made, at sequence {sequence}"),
        None if dry => format!("{centre}: {changes} changes to make; none was made"),
        None => format!("{centre}: nothing to change"),
    });
    report
}

fn told(change: &Difference) -> String {
    let Difference {
        what, name, keys, ..
    } = change;
    match change.change {
        DifferenceKind::Made => format!("+ {what} {name}"),
        DifferenceKind::Removed => format!("- {what} {name}"),
        DifferenceKind::Replaced if keys.is_empty() => format!("~ {what} {name}"),
        DifferenceKind::Replaced => format!("~ {what} {name}: {}", keys.join(", ")),
        DifferenceKind::Kept => format!("  {what} {name} is not in the file, and stays"),
    }
}
