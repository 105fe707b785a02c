//! The past, for whoever asks: the state as it was, and what became of an interaction; both from the journal, by the
//! fold that replays use.

use std::sync::Arc;

use tracing::error;

use super::fold::{self, step_of};
use super::readings::{Busy, Readings};
use super::release::Release;
use super::replay::{Cause, Past, Said};
use crate::domain::{InteractionId, Refusal, RefusalKind, Timestamp};
use crate::engine::{State, Step};

/// Questions about the past that wait or are being answered; the next one is refused.
pub const QUESTIONS_LEN_MAX: usize = 32;
/// Steps in one page of a history.
pub const HISTORY_LEN_MAX: usize = 100;
/// Journalled bytes after which a page ends.
const HISTORY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Steps that are folded for one page, after which it ends.
const HISTORY_FOLD_LEN_MAX: u64 = 50_000;

/// A moment of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After this step.
    Sequence(u64),
    /// At this time.
    Time(Timestamp),
}

impl Moment {
    /// Parses a sequence, or a time such as `2031-01-02T03:04:05Z`.
    pub fn parse(text: &str) -> Option<Self> {
        let sequence = text.parse().ok().map(Self::Sequence);
        sequence.or_else(|| Timestamp::parse(text).map(Self::Time))
    }
}

/// Some of what became of an interaction, in order.
pub(super) struct Episode {
    /// What happened, and what was said; none if that was by other rules than today's.
    pub(super) steps: Vec<(Step, Option<Said>)>,
    /// Whether there is more.
    pub(super) goes_on: bool,
}

/// Answers one question at a time.
pub(super) struct PastReader {
    readings: Readings<Past>,
    release: Release,
}

impl PastReader {
    pub(super) fn new(past: Past, release: Release) -> Self {
        Self {
            readings: Readings::new(vec![past], QUESTIONS_LEN_MAX),
            release,
        }
    }

    /// The state at a moment.
    pub(super) async fn state_at(&self, moment: Moment) -> Result<Arc<State>, Refusal> {
        let durable = self.release.durable();
        let head = durable.sequence.0;
        let kept_after = self.release.replays().history().kept_after;
        let sequence = match moment {
            Moment::Sequence(sequence) => sequence,
            Moment::Time(at) if at >= durable.at => head,
            Moment::Time(at) => {
                let before = at.plus_ms(1);
                self.ask(move |past| Ok(past.last_before(before, kept_after, head)?))
                    .await?
            }
        };
        if sequence == head {
            return Ok(durable);
        }
        if sequence > head {
            return Err(Refusal::invalid_value("at", &sequence.to_string()));
        }
        if sequence < kept_after || (sequence == kept_after && kept_after > 0) && is_before(moment)
        {
            return Err(not_kept(kept_after));
        }
        self.ask(move |past| {
            let mut state = past.state_before(sequence)?;
            fold::advance(past.journal(), &mut state, sequence, |_, _, _| true)?;
            past.remember(state.clone());
            Ok(Arc::new(state))
        })
        .await
    }

    /// What became of an interaction after a sequence.
    pub(super) async fn episode(
        &self,
        interaction: InteractionId,
        after: u64,
    ) -> Result<Episode, Refusal> {
        self.ask(move |past| read_episode(past, &interaction, after))
            .await
    }

    /// Waits for the question that is being answered, and lets go of the files.
    pub(super) async fn close(&self) {
        self.readings.close().await;
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Past) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Refusal> {
        let answer = self.readings.read(move |past| {
            question(past).map_err(|cause| {
                error!(%cause, "the journal cannot be read for a question about the past");
                unreadable()
            })
        });
        answer.await.map_err(|Busy| too_many())?
    }
}

fn read_episode(
    past: &mut Past,
    interaction: &InteractionId,
    after: u64,
) -> Result<Episode, Cause> {
    let records = past
        .journal()
        .read_keyed(interaction.as_str(), after, HISTORY_LEN_MAX + 1)?;
    let mut steps = Vec::new();
    let (mut bytes, mut folded) = (0, 0);
    for record in &records {
        let mut state = past.state_before(record.sequence - 1)?;
        bytes += record.body.len();
        folded += record.sequence - state.sequence.0;
        let is_full = steps.len() == HISTORY_LEN_MAX
            || bytes > HISTORY_BYTES_MAX
            || folded > HISTORY_FOLD_LEN_MAX;
        if is_full && !steps.is_empty() {
            return Ok(Episode {
                steps,
                goes_on: true,
            });
        }
        let mut said = None;
        fold::advance(
            past.journal(),
            &mut state,
            record.sequence,
            |_, last, is_told| {
                said = is_told.then_some(last);
                true
            },
        )?;
        steps.push((step_of(record)?, said));
        // The next record goes on here, unless a nearer state is known.
        past.remember(state);
    }
    Ok(Episode {
        steps,
        goes_on: false,
    })
}

/// What was not after a base is the base's own state; of an earlier time nothing is known.
fn is_before(moment: Moment) -> bool {
    matches!(moment, Moment::Time(_))
}

fn not_kept(kept_after: u64) -> Refusal {
    Refusal::new(
        RefusalKind::NotFound,
        format!("What was before the sequence {kept_after} is not kept"),
    )
}

fn too_many() -> Refusal {
    Refusal::new(
        RefusalKind::Unavailable,
        "Too many ask for the past at this time; try again",
    )
}

fn unreadable() -> Refusal {
    Refusal::new(RefusalKind::Unreadable, "The journal cannot be read")
}
