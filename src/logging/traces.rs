//! The spans of requests, to a collector that speaks OTLP over HTTP.

use anyhow::{Context, Result};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Layer;

use super::Destination;

/// Where the spans of requests are made (`api/observer.rs`).
const TARGET: &str = "baton::api";

/// A destination that sends each span of a request to `endpoint`, some at a time, from a thread of its own. Spans that
/// the collector does not take in time are dropped: nobody waits for it.
///
/// # Errors
/// The endpoint is no URL.
pub(super) fn to_collector(
    endpoint: &str,
    server: &str,
) -> Result<(Destination, SdkTracerProvider)> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()
        .context("option otlp_endpoint")?;
    let resource = Resource::builder().with_service_name(server.to_owned());
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("baton"));
    let of_requests = Targets::new().with_target(TARGET, LevelFilter::DEBUG);
    Ok((layer.with_filter(of_requests).boxed(), provider))
}
