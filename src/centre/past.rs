//! The past, for whoever asks: the state as it was, and what became of an interaction; both from the journal, by the
//! fold that replays use.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::error;

use super::fold::{self, FoldError, step_of};
use super::readings::{Busy, Readings};
use super::release::Release;
use super::replay::{Cause, Past, Said};
use crate::domain::{InteractionId, Refusal, RefusalKind, Timestamp};
use crate::engine::{Change, State, Step};
use crate::journal;

/// Questions about the past that wait or are being answered; the next one is refused.
pub const QUESTIONS_LEN_MAX: usize = 32;
/// Steps in one page of a history.
pub const HISTORY_LEN_MAX: usize = 100;
/// Journalled bytes after which a page ends.
const HISTORY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Steps that are folded for one page, after which it ends.
const HISTORY_FOLD_LEN_MAX: u64 = 50_000;

/// How long one question may take, the wait for its turn among it. What has been folded by then is gone on from when it is
/// asked again.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(5);
/// What it has of that at least when its turn comes.
const TURN_TIME_MIN: Duration = Duration::from_millis(100);

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
    /// What happened, and what was said; none if that was by other rules than today's, or before what the journal can
    /// tell again.
    pub(super) steps: Vec<(Step, Option<Said>)>,
    /// Whether there is more.
    pub(super) goes_on: bool,
    /// What became of it up to this sequence is not kept; 0 if everything is.
    pub(super) kept_after: u64,
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
                self.ask(move |past, _| Ok(past.last_before(before, kept_after, head)?))
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
        self.ask(move |past, by| read_state(past, sequence, by))
            .await
    }

    /// What became of an interaction after a sequence.
    pub(super) async fn episode(
        &self,
        interaction: InteractionId,
        after: u64,
    ) -> Result<Episode, Refusal> {
        self.ask(move |past, by| read_episode(past, &interaction, after, by))
            .await
    }

    /// Waits for the question that is being answered, and lets go of the files.
    pub(super) async fn close(&self) {
        self.readings.close().await;
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Past, Instant) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Refusal> {
        let asked = Instant::now();
        let answer = self.readings.read(move |past| {
            if past.is_closed() {
                return Err(later());
            }
            let by = (asked + QUESTION_TIME_MAX).max(Instant::now() + TURN_TIME_MIN);
            question(past, by).map_err(|cause| {
                if cause.is::<Unanswered>() || past.is_closed() {
                    return later();
                }
                error!(%cause, "the journal cannot be read for a question about the past");
                unreadable()
            })
        });
        answer.await.map_err(|Busy| too_many())?
    }
}

/// Why a question is to be asked again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unanswered {
    /// It would take too long. Asked again, it goes on where it ended.
    #[error("it takes too long")]
    Late,
    /// The journal was trimmed while it was read, beyond what is asked for.
    #[error("it has just been trimmed")]
    Trimmed,
}

fn read_state(past: &mut Past, sequence: u64, by: Instant) -> Result<Arc<State>, Cause> {
    let state = past.state_before(sequence)?;
    let state = fold_up_to(past, state, sequence, by, |_, _| {})?;
    past.remember(state.clone());
    Ok(Arc::new(state))
}

fn read_episode(
    past: &mut Past,
    interaction: &InteractionId,
    after: u64,
    by: Instant,
) -> Result<Episode, Cause> {
    let records = past
        .journal()
        .read_keyed(interaction.as_str(), after, HISTORY_LEN_MAX + 1)?;
    let mut episode = Episode {
        steps: Vec::new(),
        goes_on: false,
        kept_after: kept_after(past, interaction)?,
    };
    let (mut bytes, mut folded) = (0, 0);
    for record in &records {
        let nearest = nearest_before(past, record.sequence)?;
        bytes += record.body.len();
        folded += nearest
            .as_ref()
            .map_or(0, |it| record.sequence - it.sequence.0);
        let is_full = episode.steps.len() == HISTORY_LEN_MAX
            || bytes > HISTORY_BYTES_MAX
            || folded > HISTORY_FOLD_LEN_MAX;
        if is_full && !episode.steps.is_empty() {
            episode.goes_on = true;
            return Ok(episode);
        }
        let said = match nearest {
            Some(state) => said_at(past, state, record.sequence, by),
            None => Ok(None),
        };
        match said {
            Err(cause) if cause.is::<Unanswered>() && !episode.steps.is_empty() => {
                episode.goes_on = true;
                return Ok(episode);
            }
            said => episode.steps.push((step_of(record)?, said?)),
        }
    }
    Ok(episode)
}

/// The sequence before the first step that is kept of an interaction, unless that is its first.
fn kept_after(past: &Past, interaction: &InteractionId) -> Result<u64, Cause> {
    let first = past.journal().read_keyed(interaction.as_str(), 0, 1)?;
    let Some(first) = first.first() else {
        return Ok(past.kept_after());
    };
    let submits = |change: &Change| matches!(change, Change::InteractionSubmitted(it) if it.id == *interaction);
    let is_beginning = step_of(first)?.changes.iter().any(submits);
    Ok(if is_beginning { 0 } else { first.sequence - 1 })
}

/// A state before a step; none if the journal has been trimmed behind it.
fn nearest_before(past: &Past, sequence: u64) -> Result<Option<State>, Cause> {
    if sequence <= past.kept_after() {
        return Ok(None);
    }
    let state = past.state_before(sequence - 1)?;
    // It may have been trimmed just now.
    Ok(Some(state).filter(|state| state.sequence.0 < sequence))
}

/// What a step said, by the fold up to it, which the next one goes on from.
fn said_at(
    past: &mut Past,
    state: State,
    sequence: u64,
    by: Instant,
) -> Result<Option<Said>, Cause> {
    let mut said = None;
    let folded = fold_up_to(past, state, sequence, by, |last, is_told| {
        said = is_told.then_some(last);
    });
    match folded {
        Ok(state) => {
            past.remember(state);
            Ok(said)
        }
        Err(cause) if cause.downcast_ref() == Some(&Unanswered::Trimmed) => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// Brings a state up to a step, and shows what each says, or remembers how far it came until `by`: a step at least.
fn fold_up_to(
    past: &mut Past,
    mut state: State,
    sequence: u64,
    by: Instant,
    mut look: impl FnMut(Said, bool),
) -> Result<State, Cause> {
    let folded = fold::advance(past.journal(), &mut state, sequence, |_, said, is_told| {
        look(said, is_told);
        !past.is_closed() && Instant::now() < by
    });
    match folded {
        Err(FoldError::Journal(journal::Error::Gap { .. })) => {
            return Err(Unanswered::Trimmed.into());
        }
        folded => folded?,
    }
    if state.sequence.0 < sequence {
        past.remember(state);
        return Err(Unanswered::Late.into());
    }
    Ok(state)
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

fn later() -> Refusal {
    Refusal::new(
        RefusalKind::Unavailable,
        "This is far in the past, and is still being read; ask again",
    )
}

fn unreadable() -> Refusal {
    Refusal::new(RefusalKind::Unreadable, "The journal cannot be read")
}

#[cfg(test)]
mod tests {
    use super::super::replay::fixture::Fixture;
    use super::*;

    const STEPS_LEN: u64 = 20;
    /// Before the state that is known.
    const WANTED: u64 = STEPS_LEN - 1;

    fn past(fixture: &Fixture) -> Past {
        Past::new(Arc::clone(&fixture.replays), fixture.eye())
    }

    #[test]
    fn a_question_has_so_much_time_and_goes_on_where_it_ended_when_it_is_asked_again() {
        let fixture = Fixture::of_steps(STEPS_LEN);
        let past = &mut past(&fixture);
        let over = Instant::now();
        for asked in 1..WANTED {
            let cause = read_state(past, WANTED, over).expect_err("it takes longer");
            assert_eq!(
                cause.downcast_ref(),
                Some(&Unanswered::Late),
                "{asked}: {cause}"
            );
        }
        let state = read_state(past, WANTED, over).expect("a step is folded each time");
        assert_eq!(state.sequence.0, WANTED);
    }

    #[test]
    fn who_stops_does_not_wait_for_a_question() {
        let fixture = Fixture::of_steps(STEPS_LEN);
        let past = &mut past(&fixture);
        fixture.replays.close();
        let by = Instant::now() + QUESTION_TIME_MAX;
        read_state(past, WANTED, by).expect_err("it is given up");
        assert_eq!(fixture.readings(), 0, "the journal is not read for it");
    }
}
