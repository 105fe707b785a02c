//! What a journal goes on from, written and read piece by piece as a contact centre does it.

use std::convert::Infallible;

use baton::engine::{State, StatePart, StateParts};
use baton::journal::{Error, Journal, pieces_of};

/// The texts that a base is made of.
pub(crate) type Parts = Vec<Vec<u8>>;

/// Lets the history begin after `sequence`, with the parts of what it goes on from.
pub(crate) fn trim(
    journal: &mut dyn Journal,
    sequence: u64,
    parts: impl IntoIterator<Item = Vec<u8>>,
) -> Result<(), Error> {
    let mut len = 0;
    for Ok(piece) in pieces_of(parts.into_iter().map(Ok::<_, Infallible>)) {
        journal.lay(len, &piece)?;
        len += 1;
    }
    journal.trim(sequence, len)
}

/// The sequence of the base, and its parts.
pub(crate) fn base(journal: &dyn Journal) -> Result<Option<(u64, Parts)>, Error> {
    let reader = journal.reader()?;
    let Some(base) = reader.base()? else {
        return Ok(None);
    };
    let parts = base.parts.collect::<Result<_, _>>()?;
    Ok(Some((base.sequence, parts)))
}

/// What a state becomes when it is taken apart and put together again.
pub(crate) fn restored(state: &State) -> State {
    of_parts(state.snapshot_parts())
}

/// The state that texts come to.
pub(crate) fn of_parts(parts: impl IntoIterator<Item = Vec<u8>>) -> State {
    let mut state = StateParts::default();
    for part in parts {
        state.add(StatePart::parse(&part).unwrap());
    }
    state.finish()
}
