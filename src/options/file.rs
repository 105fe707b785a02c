//! Reading `baton.toml`.

use std::path::{Path, PathBuf};

use super::Keys;

/// A configuration file.
pub struct File;

/// Why a configuration file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{path} is not valid")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
}

impl File {
    /// Reads a file; no path, no keys.
    ///
    /// # Errors
    /// Unreadable, not TOML, an unknown key, a value out of range.
    pub fn read(path: Option<&Path>) -> Result<Keys, ConfigError> {
        let Some(path) = path else {
            return Ok(Keys::default());
        };
        let text = Self::text(path)?;
        toml::from_str(&text).map_err(|source| ConfigError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// The text of a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn text(path: &Path) -> Result<String, ConfigError> {
        std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })
    }
}
