//! Where engine, journal and hub meet: one contact centre, running.
//!
//! [`Handle`] asks, reads and stops it; `driver` is its one writer; `notify` and `resources` put it into JSON.

mod application;
mod archive;
mod census;
mod clock;
mod driver;
mod fold;
mod handle;
mod history;
mod media;
mod meters;
mod notify;
mod past;
mod policy;
mod readings;
mod rehearsal;
mod release;
mod replay;
mod resources;
mod search;
mod services;
mod state_snapshots;
mod statistics;
mod writer;

pub use application::Centres;
pub use archive::{ARCHIVE_READINGS_MAX, ArchiveError, Storage, stopped_of};
pub use census::{Census, Queued};
pub use clock::{Clock, wall_clock};
pub use driver::Done;
pub use fold::{FoldError, step_of};
pub use handle::{Handle, REQUESTS_LEN_MAX, Start, StartError};
pub use media::MediaWords;
pub use meters::{Meters, OperationReading};
pub use notify::{Identity, channel_name, event_json, interaction_message, notification};
pub use past::{HISTORY_LEN_MAX, Moment, QUESTIONS_LEN_MAX};
pub use policy::AUDIT;
pub use rehearsal::Rehearsal;
pub use release::{Health, user_key};
pub use replay::ReplayLimits;
pub use resources::{Links, channels, interaction_for, select, skill_levels, user, workbin_id};
pub use search::{Cursor, Filter, Found, PageLimits, SEARCH_BYTES_MAX, SEARCH_ROWS_MAX};
pub use services::{SERVICES_CHANNEL, Service, services};
pub use state_snapshots::{SnapshotPolicy, Unusable, read_base, read_state, state_of};
pub use statistics::{STATISTICS_AGE_MAX, statistics_of};
