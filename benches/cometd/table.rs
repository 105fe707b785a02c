use crate::load::Measured;
use crate::peers::Carrier;

/// What a figure should not be above.
#[derive(Clone, Copy)]
pub(crate) enum Aim {
    /// So many times the ceiling's.
    Ratio(f64),
    /// The figure itself.
    Value(f64),
}

/// One line of the table.
pub(crate) struct Row {
    scenario: &'static str,
    carrier: Carrier,
    measured: Measured,
    unit: &'static str,
    baton: f64,
    ceiling: f64,
    aim: Aim,
}

impl Row {
    /// CPU time of a delivery, or of whatever else was counted.
    pub(crate) fn deliveries(
        scenario: &'static str,
        carrier: Carrier,
        baton: Measured,
        bare: Measured,
        aim: Aim,
    ) -> Self {
        Self {
            scenario,
            carrier,
            measured: baton,
            unit: "µs CPU",
            baton: baton.cpu_us,
            ceiling: bare.cpu_us,
            aim,
        }
    }

    /// Time from publishing to hearing.
    pub(crate) fn latency(
        scenario: &'static str,
        carrier: Carrier,
        (measured, baton_us): (Measured, f64),
        ceiling_us: f64,
    ) -> Self {
        Self {
            scenario,
            carrier,
            measured,
            unit: "µs",
            baton: baton_us,
            ceiling: ceiling_us,
            aim: Aim::Ratio(2.0),
        }
    }

    /// Memory of a session.
    pub(crate) fn memory(
        scenario: &'static str,
        carrier: Carrier,
        sessions: u64,
        baton_kb: f64,
        ceiling_kb: f64,
    ) -> Self {
        let measured = Measured {
            messages: sessions,
            ..Measured::default()
        };
        Self {
            scenario,
            carrier,
            measured,
            unit: "KB",
            baton: baton_kb,
            ceiling: ceiling_kb,
            aim: Aim::Value(8.0),
        }
    }

    fn print(&self) {
        let ratio = self.baton / self.ceiling;
        let (aim, is_reached) = match self.aim {
            Aim::Ratio(aim) => (format!("{aim:.1} of it"), ratio <= aim),
            Aim::Value(aim) => (format!("{aim:.1} {}", self.unit), self.baton <= aim),
        };
        let verdict = if is_reached { "ok" } else { "over" };
        let Measured {
            messages,
            per_second,
            per_write,
            busy,
            ..
        } = self.measured;
        println!(
            "| {} | {} | {messages} | {per_second:.0} | {per_write:.1} | {:.0} % | {:.1} {} | {:.1} | {ratio:.2} | {aim} | {verdict} |",
            self.scenario,
            self.carrier.name(),
            busy * 100.0,
            self.baton,
            self.unit,
            self.ceiling,
        );
    }
}

/// Prints the table.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "| scenario | carrier | messages | per second | per write | server busy | Baton, each | ceiling | ratio | aim | |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    rows.iter().for_each(Row::print);
}
