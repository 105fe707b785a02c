//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::ApiError;
use super::observer::Observer;
use crate::centre::Centres;
use crate::domain::ReferenceId;
use crate::hub::Hub;
use crate::identity::Credentials;

/// What every handler can reach. Clones are the same.
#[derive(Clone)]
pub(super) struct App(pub(super) Arc<Reach>);

/// See [`App`], each of which is cloned several times with every request.
pub(super) struct Reach {
    pub(super) centres: Centres,
    pub(super) credentials: Credentials,
    pub(super) hub: Hub,
    pub(super) observer: Arc<Observer>,
    pub(super) allowed_origins: Vec<String>,
    pub(super) cookies_secure: bool,
    pub(super) cookie_max_age_ms: u64,
    pub(super) references: AtomicU64,
}

impl Deref for App {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        &self.0
    }
}

impl App {
    /// The next reference of a request that named none.
    pub(super) fn next_reference(&self) -> ReferenceId {
        ReferenceId(self.references.fetch_add(1, Ordering::Relaxed))
    }

    /// Random bytes for a new identifier.
    pub(super) fn entropy(&self) -> Result<[u8; 16], ApiError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| ApiError::internal())?;
        Ok(bytes)
    }
}
