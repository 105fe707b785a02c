//! Where the log goes, and the audit trail, and the spans of requests.

#[cfg(feature = "otel")]
mod traces;

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::centre::AUDIT;
use crate::options::Options;

type Destination = Box<dyn Layer<Registry> + Send + Sync>;

/// What is logged, for as long as the program runs.
#[must_use = "what has not been sent yet goes when it is stopped"]
pub struct Logging {
    #[cfg(feature = "otel")]
    traces: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

impl Logging {
    /// Sends everything that is logged from here on to standard error, the audit trail to its file, if there is one, and
    /// the spans of requests to their collector, if there is one.
    ///
    /// The file is only ever appended to, a line at a time, and readable by its owner alone. Rotation is the system's:
    /// with `copytruncate`, since it is opened once.
    ///
    /// # Errors
    /// The option `log` is wrong; the file cannot be opened; a collector is named to a program that was built without
    /// `otel`.
    pub fn start(options: &Options) -> Result<Self> {
        let filter = EnvFilter::try_new(&options.log).context("option log")?;
        let mut destinations: Vec<Destination> = Vec::new();
        if options.audit_file.as_os_str().is_empty() {
            destinations.push(to_stderr(options).with_filter(filter).boxed());
        } else {
            let path = &options.audit_file;
            let file = open(path);
            let file = file.with_context(|| format!("cannot open {}", path.display()))?;
            destinations.push(to_audit_file(file));
            let others = filter_fn(|it| it.target() != AUDIT);
            let log = to_stderr(options).with_filter(filter);
            destinations.push(log.with_filter(others).boxed());
        }
        let logging = Self::with_traces(options, &mut destinations)?;
        tracing_subscriber::registry().with(destinations).init();
        Ok(logging)
    }

    #[cfg(feature = "otel")]
    fn with_traces(options: &Options, destinations: &mut Vec<Destination>) -> Result<Self> {
        if options.otlp_endpoint.is_empty() {
            return Ok(Self { traces: None });
        }
        let (destination, traces) =
            traces::to_collector(&options.otlp_endpoint, &options.server_name)?;
        destinations.push(destination);
        let traces = Some(traces);
        Ok(Self { traces })
    }

    #[cfg(not(feature = "otel"))]
    fn with_traces(options: &Options, _: &mut Vec<Destination>) -> Result<Self> {
        if options.otlp_endpoint.is_empty() {
            return Ok(Self {});
        }
        anyhow::bail!("option otlp_endpoint: this Baton was built without the feature `otel`");
    }

    /// Sends what has not been sent yet, and waits for it for some seconds at most.
    pub fn stop(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            // A collector that is not there is told of by its own monitoring.
            let _ = traces.shutdown_with_timeout(std::time::Duration::from_secs(2));
        }
    }
}

fn to_audit_file(file: File) -> Destination {
    layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(Arc::new(file))
        .log_internal_errors(false)
        .with_filter(filter_fn(|it| it.target() == AUDIT))
        .boxed()
}

fn to_stderr(options: &Options) -> Destination {
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
