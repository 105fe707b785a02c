//! A consistent copy of a journal that is being written to.

use std::fs::File;
use std::path::Path;

use super::super::data_folder::private_options;
use super::{Error, file, in_file, read};

/// Copies the journal `from` as it is at one moment to the new file `to`, which is on disk afterwards, and gives the
/// last sequence in it. Nobody who writes has to wait.
///
/// # Errors
/// `from` is no journal or damaged; `to` is there already or cannot be written.
pub fn back_up(from: &Path, to: &Path) -> Result<u64, Error> {
    let source = read::connect(from)?;
    if file::identify(&source, from)?.is_none() {
        return Err(Error::ForeignFile { file: from.into() });
    }
    let folder = |source| Error::Folder {
        folder: to.into(),
        source,
    };
    // SQLite fills a file that is empty; one that it made itself would be readable by others.
    private_options()
        .create_new(true)
        .open(to)
        .map_err(folder)?;
    let name = to.to_string_lossy();
    source
        .execute("VACUUM INTO ?1", [name.as_ref()])
        .map_err(in_file(from))?;
    File::open(to)
        .and_then(|copy| copy.sync_all())
        .map_err(folder)?;
    file::head(&read::connect(to)?, to)
}
