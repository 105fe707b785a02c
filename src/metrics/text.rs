use std::fmt::{Display, Write as _};

use super::Histogram;

/// The media type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the values of a metric mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows, until the process ends.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often values fell between bounds.
    Histogram,
}

/// The text of a reading, in Prometheus' exposition format 0.0.4.
#[derive(Default)]
pub struct Text {
    written: String,
    name: &'static str,
}

impl Text {
    /// Begins a metric; the samples that follow are its own.
    pub fn metric(&mut self, name: &'static str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.name = name;
        let _ = writeln!(self.written, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A metric that has one sample.
    pub fn single(&mut self, name: &'static str, kind: Kind, help: &str, value: impl Display) {
        self.metric(name, kind, help);
        self.sample(&[], value);
    }

    /// A sample of the metric.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.line("", labels, None, value);
    }

    /// The samples of a histogram.
    pub fn histogram(&mut self, labels: &[(&str, &str)], histogram: &Histogram) {
        let mut count = 0;
        for (bound, below) in histogram.cumulative() {
            let bound = match bound.is_finite() {
                true => bound.to_string(),
                false => "+Inf".to_owned(),
            };
            self.line("_bucket", labels, Some(&bound), below);
            count = below;
        }
        self.line("_sum", labels, None, histogram.sum());
        self.line("_count", labels, None, count);
    }

    /// All that was written.
    pub fn into_string(self) -> String {
        self.written
    }

    fn line(
        &mut self,
        suffix: &str,
        labels: &[(&str, &str)],
        bound: Option<&str>,
        value: impl Display,
    ) {
        let _ = write!(self.written, "{}{suffix}", self.name);
        let mut before = '{';
        let bound = bound.map(|bound| ("le", bound));
        for (label, text) in labels.iter().copied().chain(bound) {
            let _ = write!(self.written, "{before}{label}=\"");
            text.chars().for_each(|c| self.escape(c));
            self.written.push('"');
            before = ',';
        }
        if before == ',' {
            self.written.push('}');
        }
        let _ = writeln!(self.written, " {value}");
    }

    fn escape(&mut self, c: char) {
        match c {
            '\\' => self.written.push_str("\\\\"),
            '"' => self.written.push_str("\\\""),
            '\n' => self.written.push_str("\\n"),
            other => self.written.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_as_prometheus_reads_it() {
        let mut text = Text::default();
        text.single("up", Kind::Gauge, "Whether it is up", 1);
        text.metric("asked_total", Kind::Counter, "What was asked");
        text.sample(&[("who", "a\"b\\c\nd"), ("what", "x")], 7);
        text.metric("size", Kind::Histogram, "How many");
        let sizes = Histogram::of_sizes();
        sizes.observe(3);
        text.histogram(&[("who", "a")], &sizes);
        let text = text.into_string();
        let beginning = "# HELP up Whether it is up\n# TYPE up gauge\nup 1\n\
                         # HELP asked_total What was asked\n# TYPE asked_total counter\n\
                         asked_total{who=\"a\\\"b\\\\c\\nd\",what=\"x\"} 7\n\
                         # HELP size How many\n# TYPE size histogram\n\
                         size_bucket{who=\"a\",le=\"1\"} 0\n";
        assert!(text.starts_with(beginning), "{text}");
        let end = "size_bucket{who=\"a\",le=\"512\"} 1\nsize_bucket{who=\"a\",le=\"+Inf\"} 1\n\
                   size_sum{who=\"a\"} 3\nsize_count{who=\"a\"} 1\n";
        assert!(text.ends_with(end), "{text}");
    }
}
