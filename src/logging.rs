//! Where the log goes, and the audit trail.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::centre::AUDIT;
use crate::options::Options;

/// Sends everything that is logged from here on to standard error, and the audit trail to its file, if there is one.
///
/// The file is only ever appended to, a line at a time, and readable by its owner alone. Rotation is the system's: with
/// `copytruncate`, since it is opened once.
///
/// # Errors
/// The option `log` is wrong; the file cannot be opened.
pub fn start(options: &Options) -> Result<()> {
    let filter = EnvFilter::try_new(&options.log).context("option log")?;
    if options.audit_file.as_os_str().is_empty() {
        let log = to_stderr(options);
        tracing_subscriber::registry()
            .with(log.with_filter(filter))
            .init();
        return Ok(());
    }
    let file = open(&options.audit_file).with_context(|| {
        format!(
            "cannot open the audit file {}",
            options.audit_file.display()
        )
    })?;
    let audit = layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(Arc::new(file))
        .log_internal_errors(false)
        .with_filter(filter_fn(|it| it.target() == AUDIT));
    let others = filter_fn(|it| it.target() != AUDIT);
    let log = to_stderr(options).with_filter(filter).with_filter(others);
    tracing_subscriber::registry().with(log).with(audit).init();
    Ok(())
}

fn to_stderr<S>(options: &Options) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    // A log that cannot be written, on a full disk say, must not end the server.
    let log = layer().with_writer(io::stderr).log_internal_errors(false);
    if options.log_json {
        log.json().boxed()
    } else {
        log.boxed()
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).create(true).mode(0o600).open(path)
}
