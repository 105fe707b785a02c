use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Error;

const LOCK_FILE: &str = "baton.lock";

/// The one folder a server keeps its data in, private to its user and locked against a second server.
/// The lock lasts as long as any clone, and ends with the process however that ends.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
    _lock: Arc<File>,
}

impl DataFolder {
    /// Creates the folder if need be, makes it 0700 unless it holds other things already, and locks it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        match make_private(&path)
            .map_err(Trouble::from)
            .and_then(|()| lock(&path))
        {
            Ok(lock) => Ok(Self {
                path,
                _lock: Arc::new(lock),
            }),
            Err(Trouble::Locked) => Err(Error::Locked { folder: path }),
            Err(Trouble::Io(source)) => Err(Error::Folder {
                folder: path,
                source,
            }),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in this folder that is there afterwards, empty if it is new, with mode 0600.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn private_file(&self, name: &str) -> Result<PathBuf, Error> {
        let file = self.path.join(name);
        // An existing file is not opened: closing it again would drop the locks SQLite may hold on it.
        let made = match private_options().create_new(true).open(&file) {
            Ok(_) => sync_folder(&self.path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::set_permissions(&file, Permissions::from_mode(0o600))
            }
            Err(error) => Err(error),
        };
        made.map_err(|source| self.unusable(source))?;
        Ok(file)
    }

    /// Makes a file in this folder, with mode 0600, that is there with all its content or not at all, whatever ends the
    /// process or the machine meanwhile.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn write_private_file(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        let partial = self.private_file(&format!("{name}.partial"))?;
        let written = fs::write(&partial, content)
            .and_then(|()| File::open(&partial)?.sync_all())
            .and_then(|()| fs::rename(&partial, self.path.join(name)))
            .and_then(|()| sync_folder(&self.path));
        written.map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: io::Error) -> Error {
        Error::Folder {
            folder: self.path.clone(),
            source,
        }
    }
}

enum Trouble {
    Locked,
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    if !path.try_exists()? {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        sync_folder(&path.canonicalize()?.join(".."))?;
    }
    // A folder that holds other things keeps its mode: `--data /tmp` must not take it away from others. The files that
    // are made in it are private all the same.
    if is_ours_or_empty(path)? && fs::metadata(path)?.permissions().mode() & 0o777 != 0o700 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn is_ours_or_empty(path: &Path) -> io::Result<bool> {
    let mut empty = true;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name == OsStr::new(LOCK_FILE) {
            return Ok(true);
        }
        // The root of a freshly made file system is as good as empty.
        empty &= name == OsStr::new("lost+found");
    }
    Ok(empty)
}

fn lock(path: &Path) -> Result<File, Trouble> {
    let file = private_options()
        .create(true)
        .truncate(false)
        .open(path.join(LOCK_FILE))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Trouble::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

pub(super) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// A new name in a folder is durable only once the folder is.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
